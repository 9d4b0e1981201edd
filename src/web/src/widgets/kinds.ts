import { accessibilityBarChart } from './accessibility_bar_chart';
import { filterHeatmap, jenkinsHeatmap } from './heatmap';
import { importanceComponent } from './importance_component';
import { jenkinsBarChart, jenkinsLineChart } from './jenkins_charts';
import type { Kind } from './kind';
import { resultAggregator } from './result_aggregator';
import { resultSummary } from './result_summary';
import { runAggregator } from './run_aggregator';

// Each kind knows what the server answers for it, and nobody else does.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const all: Record<string, Kind<any>> = {
  'result-summary': resultSummary,
  'run-aggregator': runAggregator,
  'result-aggregator': resultAggregator,
  'jenkins-heatmap': jenkinsHeatmap,
  'filter-heatmap': filterHeatmap,
  'jenkins-bar-chart': jenkinsBarChart,
  'jenkins-line-chart': jenkinsLineChart,
  'importance-component': importanceComponent,
  'accessibility-bar-chart': accessibilityBarChart,
};

export const kindOf = (widget: string | null | undefined): Kind<unknown> | undefined => all[widget ?? ''];
export const knownKind = (widget: string): boolean => widget in all;

/** sizes are those that a kind of widget starts with and needs at least. */
export const sizes = (widget: string) => {
  const k = kindOf(widget);
  return { size: k?.size ?? { w: 4, h: 4 }, least: k?.least ?? { w: 3, h: 2 } };
};
