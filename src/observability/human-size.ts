/** A number of bytes in a readable form: `12 MiB`. */
export function humanSize(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 10_240 ? `${Math.round(mebibytes)} MiB` : `${Math.round(mebibytes / 1_024)} GiB`;
}
