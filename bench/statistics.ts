/**
 * The quantile `part` (0 to 1) of the samples: the smallest sample that is not below that part of
 * them.
 */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export interface Line {
  readonly slope: number;
  at(x: number): number;
}

/** The straight line through points with the smallest sum of squared distances. */
export function line(points: ReadonlyArray<readonly [x: number, y: number]>): Line {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const product = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const slope = product / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return { slope, at: (x) => meanY + slope * (x - meanX) };
}

/** Collects the samples of several contestants by name. */
export class Samples {
  readonly #byName = new Map<string, number[]>();

  add(name: string, value: number): void {
    const samples = this.#byName.get(name) ?? [];
    samples.push(value);
    this.#byName.set(name, samples);
  }

  of(name: string): readonly number[] {
    return this.#byName.get(name) ?? [];
  }

  median(name: string): number {
    return median(this.of(name));
  }
}
