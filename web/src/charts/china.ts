/** The map of China and its provinces, under the name "china"; in a chunk of its own. */
import china from 'echarts-china/map/json/china.json';
import { MapChart } from 'echarts/charts';
import { VisualMapComponent } from 'echarts/components';
import { registerMap, use } from 'echarts/core';

use([MapChart, VisualMapComponent]);
registerMap('china', china as unknown as Parameters<typeof registerMap>[1]);
