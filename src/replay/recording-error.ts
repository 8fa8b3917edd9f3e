/** A recording cannot be replayed. The message names the line, if a line is at fault. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}
