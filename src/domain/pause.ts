/** Who has paused a service. `switch`: the entry of the directory. `brake`: too many deletes. */
export type PauseBy = 'operator' | 'switch' | 'brake';

/** A reason why a service begins no new work. Running work goes on to its end. */
export interface Pause {
  readonly by: PauseBy;
  readonly holds: 'everything' | 'deletes';
  readonly reason: string;
  /** In milliseconds since 1970. */
  readonly since: number;
  /** The user who asked for it, if that is known. */
  readonly who?: string;
}

/** A pause as it is asked for. */
export type PauseOrder = Omit<Pause, 'since'>;

const BY: Readonly<Record<PauseBy, string>> = {
  operator: 'by an operator',
  switch: 'by the switch',
  brake: 'by the brake',
};

/** `by the switch`, `by alice`. */
export function pausedBy({ by, who }: Pick<Pause, 'by'> & { readonly who?: string | undefined }): string {
  return who === undefined ? BY[by] : `by ${who}`;
}

/** `no new work begins`. */
export function heldWords({ holds }: Pick<Pause, 'holds'>): string {
  return holds === 'everything' ? 'no new work begins' : 'no delete begins';
}
