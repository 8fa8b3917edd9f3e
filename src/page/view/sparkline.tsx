const HEIGHT = 24;

interface SparklineProps {
  /** The values of each series in order; undefined: not known. */
  readonly series: ReadonlyArray<ReadonlyArray<number | undefined>>;
  /** Lines, or columns for counts. */
  readonly as: 'line' | 'columns';
  readonly tone?: string;
}

/** A small plot without axes. The numbers are next to it. */
export function Sparkline({ series, as, tone = '' }: SparklineProps) {
  const steps = series[0]?.length ?? 0;
  const known = series.flat().filter((value) => value !== undefined);
  const most = Math.max(0, ...known);
  if (steps === 0) return <svg class="spark" aria-hidden="true" />;
  const y = (value: number) => HEIGHT - 1 - (most === 0 ? 0 : (value / most) * (HEIGHT - 3));
  return (
    <svg class={`spark ${tone}`} viewBox={`0 0 ${steps} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="base" d={`M0 ${HEIGHT - 0.5}H${steps}`} />
      {series.map((values, index) => (
        <path key={index} class={`${as} of-${index}`} d={as === 'line' ? linePath(values, y) : columnPath(values, y)} />
      ))}
    </svg>
  );
}

function linePath(values: ReadonlyArray<number | undefined>, y: (value: number) => number): string {
  let path = '';
  let isOpen = false;
  for (const [x, value] of values.entries()) {
    if (value === undefined) {
      isOpen = false;
      continue;
    }
    path += `${isOpen ? 'L' : 'M'}${x + 0.5} ${y(value).toFixed(1)}`;
    isOpen = true;
  }
  return path;
}

function columnPath(values: ReadonlyArray<number | undefined>, y: (value: number) => number): string {
  let path = '';
  for (const [x, value] of values.entries()) {
    if (value !== undefined && value > 0) path += `M${x + 0.5} ${HEIGHT}V${Math.min(HEIGHT - 2, y(value)).toFixed(1)}`;
  }
  return path;
}
