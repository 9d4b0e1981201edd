import type { ComponentType } from 'react';
import type { Params } from '../lib/ask';
import type { Variables } from '../lib/board';
import type { Size } from '../lib/grid';

/** What a widget is drawn with: its parameters, the dashboard's variables, where its links start, how much room there is in pixels, and whether as an area what else are bars. */
export interface Context {
  params: Params;
  vars: Variables;
  base: string;
  now: Date;
  width: number;
  height: number;
  area: boolean;
}

/** The numbers of a widget, for those who read rather than look. */
export interface Table {
  columns: string[];
  rows: (string | number)[][];
}

/** A choice below a widget that changes what it shows here, not what is saved. */
export interface Control {
  name: string;
  label: string;
  options: [string, string][];
}

/** Kind is one kind of widget on the page. T is what the server answers for it. */
export interface Kind<T> {
  size: Size;
  least: Size;
  /** On what its own filters are. */
  filters: 'run' | 'result' | null;
  controls: Control[];
  empty: (data: T) => boolean;
  /** Why nothing is there and what to do about it. */
  hint: string;
  Draw: ComponentType<{ data: T; at: Context }>;
  table: (data: T, at: Context) => Table;
  /** The list behind the whole widget. */
  list: (at: Context) => string;
}

export const yesNo: [string, string][] = [
  ['true', 'yes'],
  ['false', 'no'],
];
export const numbers = (...n: number[]): [string, string][] => n.map((i) => [String(i), String(i)]);
export const groups: [string, string][] = [
  ['component', 'component'],
  ['env', 'environment'],
  ['metadata.jenkins.job_name', 'job'],
];
