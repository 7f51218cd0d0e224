/** Colours of charts in light and dark. */
import type { Theme } from '@/state/theme';

export type Palette = {
  series: string[];
  text: string;
  faint: string;
  line: string;
  surface: string;
  mapLow: string;
  mapHigh: string;
};

export const PALETTES: Record<Theme, Palette> = {
  light: {
    series: ['#0052d9', '#e37318', '#2ba471', '#8e56dd', '#d54941', '#0594a6'],
    text: '#181818',
    faint: '#5e5e5e',
    line: '#e7e7e7',
    surface: '#ffffff',
    mapLow: '#d9e1ff',
    mapHigh: '#0052d9',
  },
  dark: {
    series: ['#5c94f0', '#e6873c', '#43b98a', '#a884ec', '#e8716a', '#34b6c6'],
    text: '#e8e8e8',
    faint: '#a6a6a6',
    line: '#393939',
    surface: '#242424',
    mapLow: '#1b2f51',
    mapHigh: '#7fadff',
  },
};
