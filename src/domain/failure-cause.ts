/** What a failure says about its cause. `words`: the last words of the script, or the reason. */
export interface FailureCause {
  readonly returnValue?: number | undefined;
  readonly step?: string | undefined;
  readonly words?: string | undefined;
}

/**
 * The key of a cause: failures with the same key have the same cause. Parts of the words that
 * differ between accounts do not count: the uid, paths, dates, numbers and ids.
 */
export function causeKey({ returnValue, step, words }: FailureCause, uid: string): string {
  return JSON.stringify([returnValue, step, words === undefined ? undefined : blanked(words, uid)]);
}

/** Days and months, as date(1) and syslog write them. */
const DATE_WORDS =
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b,? +(?=\d|[A-Z][a-z]{2}\b)/g;
const PATH = /(?<![\w/])\/[^\s:;,'"()[\]]+/g;
/** UUIDs and similar ids: hexadecimal digits that include a decimal one. */
const HEX_ID = /\b(?=[\da-f-]*\d)[\da-f]{6,}(?:-[\da-f]{4,})*\b/gi;

function blanked(words: string, uid: string): string {
  return withoutUid(words, uid).replace(PATH, 'PATH').replace(DATE_WORDS, '').replace(HEX_ID, 'N').replace(/\d+/g, 'N');
}

/**
 * The words with `{uid}` in place of the uid. Only whole words are replaced, because a uid may be a
 * single letter.
 */
export function withoutUid(words: string, uid: string): string {
  if (uid === '' || !words.toLowerCase().includes(uid.toLowerCase())) return words;
  const literal = uid.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');
  return words.replace(new RegExp(`(?<![\\w@-])${literal}(?![\\w@-])`, 'gi'), '{uid}');
}
