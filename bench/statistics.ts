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
