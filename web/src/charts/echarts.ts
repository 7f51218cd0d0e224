/** The parts of ECharts in use; in a chunk of its own, loaded with the first chart. */
import { BarChart, LineChart, MapChart } from 'echarts/charts';
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, registerMap, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  GridComponent,
  LegendComponent,
  LineChart,
  MapChart,
  TooltipComponent,
  VisualMapComponent,
]);

let mapLoaded: Promise<void> | null = null;

/** The map of China and its provinces, under the name "china". */
export function loadChina(): Promise<void> {
  mapLoaded ??= import('echarts-china/map/json/china.json').then((file) => {
    registerMap('china', file.default as unknown as Parameters<typeof registerMap>[1]);
  });
  return mapLoaded;
}

export { init };
