import type { Samples } from './samples.ts';

/** One line of the report: what was measured, its budget, and the same work done the usual way in the same run. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly usual: string;
  /** Ours against the usual way: times faster. */
  readonly ratio: string;
  readonly budget: string;
  readonly isMet: boolean;
}

const HEAD = ['what', 'Stowage', 'the usual way', 'ratio', 'budget', ''] as const;

/** The rows as a table in Markdown, with missed budgets marked as missed. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    row.ours,
    row.usual,
    row.ratio,
    row.budget,
    row.isMet ? 'met' : '**missed**',
  ]);
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...cells.map((line) => (line[column] ?? '').length)),
  );
  const toLine = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [toLine(HEAD), rule, ...cells.map(toLine)].join('\n');
}

/** A row of times: median and 99th percentile, the budget on the median. */
export function toTimeRow(options: {
  readonly what: string;
  readonly ours: Samples;
  readonly usual: { readonly samples: Samples; readonly how: string } | undefined;
  readonly budgetMs: number;
}): Row {
  const { what, ours, usual, budgetMs } = options;
  return {
    what,
    ours: formatSamples(ours),
    usual: usual === undefined ? '' : `${formatSamples(usual.samples)} (${usual.how})`,
    ratio: usual === undefined ? '' : formatRatio(usual.samples.p50Ms / ours.p50Ms),
    budget: `≤ ${budgetMs} ms`,
    isMet: ours.p50Ms <= budgetMs,
  };
}

/** A row of times: how much longer ours may take than the usual way, on the medians. */
export function toOverheadRow(options: {
  readonly what: string;
  readonly ours: Samples;
  readonly usual: { readonly samples: Samples; readonly how: string };
  readonly budgetMs: number;
}): Row {
  const { ours, usual, budgetMs } = options;
  return {
    ...toTimeRow(options),
    budget: `≤ ${budgetMs} ms more`,
    isMet: ours.p50Ms - usual.samples.p50Ms <= budgetMs,
  };
}

/** A row of one figure that has a limit. */
export function toBudgetRow(options: {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MiB' | '%';
  readonly budget: number;
}): Row {
  const { what, value, unit, budget } = options;
  return {
    what,
    ours: `${value.toFixed(unit === '%' ? 1 : 0)} ${unit}`,
    usual: '',
    ratio: '',
    budget: `≤ ${budget} ${unit}`,
    isMet: value <= budget,
  };
}

/** `12×`, `0.8×` */
export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`;
}

/** Milliseconds with as many digits as are of use. */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

/** Median and 99th percentile. */
export function formatSamples({ p50Ms, p99Ms }: Samples): string {
  return `${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}`;
}
