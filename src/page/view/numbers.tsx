import type { ServiceSnapshot } from '../../domain/status.ts';
import { humanDuration } from '../../observability/human-time.ts';
import type { ViewState } from '../browser/view-state.ts';
import { age } from '../model/headline.ts';
import type { SeriesName } from '../model/series.ts';
import { Sparkline } from './sparkline.tsx';

interface NumberCard {
  readonly name: string;
  readonly value: string;
  readonly aside: string;
  readonly series: readonly SeriesName[];
  readonly as: 'line' | 'columns';
  readonly tone?: string;
}

/** The numbers of the service, each with its last ten minutes. */
export function Numbers({ state: { model, now } }: { readonly state: ViewState }) {
  const { snapshot, series } = model;
  if (snapshot === undefined) return null;
  return (
    <section class="numbers" aria-label="numbers">
      {cardsOf(snapshot, now).map(({ name, value, aside, series: names, as, tone }) => (
        <div class="number" key={name}>
          <h2>{name}</h2>
          <div class={`value ${tone ?? ''}`}>{value}</div>
          <div class="aside">{aside}</div>
          <Sparkline series={names.map((each) => series.values(each, now))} as={as} tone={tone ?? ''} />
        </div>
      ))}
    </section>
  );
}

function cardsOf(snapshot: ServiceSnapshot, now: number): NumberCard[] {
  const { counts, slots, busy, stuck, oldest, attempts, rates } = snapshot;
  const since = (time: string | undefined) => (time === undefined ? '' : `oldest ${age(now, Date.parse(time))}`);
  const [minute] = rates;
  const over = (what: 'finished' | 'failed') => {
    const longer = rates.slice(1);
    return `${longer.map(({ minutes }) => minutes).join('/')} min: ${longer.map((rate) => rate[what]).join(' / ')}`;
  };
  const [usual, ...others] = [...attempts].sort((one, other) => other.attempts - one.attempts);
  return [
    {
      ...{ name: 'In work', value: `${busy} of ${slots}`, series: ['busy'], as: 'line' },
      aside: stuck > 0 ? `${stuck} stuck, ${since(oldest.inWork)}` : since(oldest.inWork),
      ...(stuck > 0 ? { tone: 'bad' } : {}),
    },
    { name: 'Queued', value: `${counts.queued}`, aside: since(oldest.queued), series: ['queued'], as: 'line' },
    {
      ...{ name: 'Finished / min', value: `${minute?.finished ?? 0}`, aside: over('finished') },
      ...{ series: ['finished'], as: 'columns', tone: 'done' },
    },
    {
      ...{ name: 'Attempt, median', series: ['p50', 'p95'], as: 'line' },
      value: usual === undefined ? '–' : humanDuration(usual.p50),
      aside: [
        ...(usual === undefined ? ['none has finished yet'] : [`p95 ${humanDuration(usual.p95)}, ${usual.mode}`]),
        ...others.map(({ mode, p50, p95 }) => `${mode} ${humanDuration(p50)} / ${humanDuration(p95)}`),
      ].join('; '),
    },
    {
      ...{ name: 'Failed', value: `${counts.failed}`, series: ['failed'], as: 'columns' },
      aside: over('failed'),
      ...(counts.failed > 0 ? { tone: 'bad' } : {}),
    },
    {
      ...{ name: 'Requested / min', value: `${minute?.received ?? 0}`, series: ['received'], as: 'columns' },
      aside: `${counts.open} open`,
    },
  ];
}
