import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';

/** The values of a metric by their labels; one number if it has no labels. */
type Reading<L extends string> = number | Iterable<readonly [labels: LabelValues<L>, value: number]>;

/**
 * Reads the values of a metric at each scrape. Labels that are no longer read are no longer shown.
 */
type Read<L extends string> = () => Reading<L> | Promise<Reading<L>>;

/** Registers a gauge whose values are read at each scrape. */
export function gauge<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  read: Read<L>,
  ...labelNames: readonly L[]
): void {
  const metric: Gauge<L> = new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    collect: () => take(read(), metric, (labels, value) => metric.set(labels, value)),
  });
}

/** Registers a counter whose values are counted elsewhere and read at each scrape. */
export function counter<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  read: Read<L>,
  ...labelNames: readonly L[]
): void {
  const metric: Counter<L> = new Counter({
    ...{ name, help, labelNames, registers: [registry] },
    collect: () => take(read(), metric, (labels, value) => metric.inc(labels, value)),
  });
}

function take<L extends string>(
  reading: ReturnType<Read<L>>,
  metric: { reset(): void },
  show: (labels: LabelValues<L>, value: number) => void,
): void | Promise<void> {
  if (reading instanceof Promise) return reading.then((read) => take(read, metric, show));
  metric.reset();
  if (typeof reading === 'number') show({}, reading);
  else for (const [labels, value] of reading) show(labels, value);
}
