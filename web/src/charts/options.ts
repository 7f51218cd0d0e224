/** What ECharts is told, made from figures alone: no component, no request. */
import type { EChartsCoreOption } from 'echarts/core';
import type { Figure, Unit } from '@/api/types';
import type { Palette } from '@/charts/palette';
import { exact, short, tick, type Language } from '@/lib/numbers';

export type Series = {
  name: string;
  unit: Unit;
  values: Figure[];
  /** Which colour; series of the same thing share it. */
  color: number;
  isDashed?: boolean;
};
export type Dress = { palette: Palette; language: Language };

const FONT = "-apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

function tooltip({ palette }: Dress, trigger: 'axis' | 'item'): Record<string, unknown> {
  return {
    trigger,
    confine: true,
    backgroundColor: palette.surface,
    borderColor: palette.line,
    textStyle: { color: palette.text, fontSize: 12, fontFamily: FONT },
    axisPointer: { type: trigger === 'axis' ? 'line' : 'none', lineStyle: { color: palette.faint } },
  };
}

function categories(labels: string[], { palette }: Dress): Record<string, unknown> {
  return {
    type: 'category',
    data: labels,
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    axisLabel: { color: palette.faint, hideOverlap: true },
  };
}

function amounts(unit: Unit, { palette, language }: Dress): Record<string, unknown> {
  return {
    type: 'value',
    axisLabel: { color: palette.faint, formatter: (value: number) => tick(value, unit, language) },
    splitLine: { lineStyle: { color: palette.line } },
    minInterval: unit === 'count' || unit === 'users' ? 1 : undefined,
  };
}

/** Lines over the labels; a second unit gets the axis on the right. */
export function lines(labels: string[], series: Series[], dress: Dress): EChartsCoreOption {
  const units = [...new Set(series.map((one) => one.unit))].slice(0, 2);
  const colors = dress.palette.series;
  return {
    animation: false,
    textStyle: { fontFamily: FONT },
    tooltip: tooltip(dress, 'axis'),
    legend: {
      show: series.length > 1,
      type: 'scroll',
      top: 0,
      left: 0,
      itemWidth: 22,
      itemHeight: 8,
      textStyle: { color: dress.palette.faint },
      pageTextStyle: { color: dress.palette.faint },
    },
    grid: { left: 4, right: units.length > 1 ? 4 : 16, top: series.length > 1 ? 40 : 16, bottom: 4, containLabel: true },
    xAxis: { ...categories(labels, dress), boundaryGap: labels.length === 1 },
    yAxis: units.map((unit, index) => ({
      ...amounts(unit, dress),
      ...(index > 0 ? { splitLine: { show: false } } : {}),
    })),
    series: series.map((one) => ({
      type: 'line',
      name: one.name,
      data: one.values,
      yAxisIndex: Math.max(units.indexOf(one.unit), 0),
      color: colors[one.color % colors.length],
      lineStyle: { width: one.isDashed ? 1.5 : 2, type: one.isDashed ? 'dashed' : 'solid' },
      symbol: 'circle',
      symbolSize: 6,
      showSymbol: labels.length <= 31 && !one.isDashed,
      connectNulls: false,
      tooltip: {
        valueFormatter: (value: Figure) => exact(value, one.unit, dress.language),
      },
    })),
  };
}

/** Bars: lying, the first on top, where names are long; else standing. */
export function bars(
  labels: string[],
  series: Series[],
  dress: Dress,
  isLying: boolean,
): EChartsCoreOption {
  const unit = series[0]?.unit ?? 'count';
  const names: Record<string, unknown> = { ...categories(labels, dress), inverse: isLying };
  if (isLying) {
    names['axisLabel'] = { color: dress.palette.faint, width: 140, overflow: 'truncate', interval: 0 };
  } else {
    names['axisLabel'] = { color: dress.palette.faint, interval: labels.length <= 10 ? 0 : 'auto', hideOverlap: true };
  }
  const values = amounts(unit, dress);
  return {
    animation: false,
    textStyle: { fontFamily: FONT },
    tooltip: { ...tooltip(dress, 'axis'), axisPointer: { type: 'shadow' } },
    legend: { show: series.length > 1, top: 0, left: 0, textStyle: { color: dress.palette.faint } },
    grid: { left: 4, right: isLying ? 64 : 16, top: series.length > 1 ? 36 : 20, bottom: 4, containLabel: true },
    xAxis: isLying ? { ...values, splitNumber: 4 } : names,
    yAxis: isLying ? names : values,
    series: series.map((one) => ({
      type: 'bar',
      name: one.name,
      data: one.values,
      barMaxWidth: isLying ? 16 : 36,
      color: dress.palette.series[one.color % dress.palette.series.length],
      itemStyle: { borderRadius: isLying ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      label: {
        show: labels.length <= 16,
        position: isLying ? 'right' : 'top',
        color: dress.palette.faint,
        formatter: ({ value }: { value: number }) => short(value, one.unit, dress.language),
      },
      tooltip: { valueFormatter: (value: Figure) => exact(value, one.unit, dress.language) },
    })),
  };
}

/** China by province; names are those of the map, shown by label. */
export function china(
  rows: { name: string; value: number }[],
  title: string,
  label: (name: string) => string,
  dress: Dress,
): EChartsCoreOption {
  const { palette } = dress;
  const most = Math.max(1, ...rows.map((row) => row.value));
  return {
    animation: false,
    textStyle: { fontFamily: FONT },
    tooltip: {
      ...tooltip(dress, 'item'),
      formatter: ({ name, value }: { name: string; value: number }) =>
        `${label(name)}&emsp;<b>${exact(Number.isFinite(value) ? value : 0, 'users', dress.language)}</b>`,
    },
    visualMap: {
      min: 0,
      max: most,
      left: 0,
      bottom: 0,
      itemWidth: 10,
      itemHeight: 90,
      calculable: false,
      text: [tick(most, 'users', dress.language), '0'],
      textStyle: { color: palette.faint },
      inRange: { color: [palette.mapLow, palette.mapHigh] },
    },
    series: [
      {
        type: 'map',
        map: 'china',
        name: title,
        // The inset that ECharts draws is lines only: they need a colour to be seen.
        data: [
          ...rows,
          { name: '南海诸岛', itemStyle: { borderColor: palette.faint, borderWidth: 1 } },
        ],
        layoutCenter: ['52%', '50%'],
        layoutSize: '112%',
        aspectScale: 0.78,
        selectedMode: false,
        itemStyle: { areaColor: palette.mapLow, borderColor: palette.surface, borderWidth: 0.8 },
        emphasis: {
          label: { show: false },
          itemStyle: { areaColor: palette.series[1] },
        },
      },
    ],
  };
}
