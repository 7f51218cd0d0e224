/** What the tests read of the API's answers. */
import type { Indicator } from '@/api/types';

export type { Buckets, Frequency, Overview, Pages, Profile, Retention, Source, Trend, Unit } from '@/api/types';
export type Catalogue = { indicators: Indicator[] };
