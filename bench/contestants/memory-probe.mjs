// Loaded into a service before its own program: at SIGUSR2 it collects the garbage and writes the
// memory that is in use to the file MEMORY_FILE. Needs --expose-gc.
import { renameSync, writeFileSync } from 'node:fs';

const file = process.env['MEMORY_FILE'];
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.new`, file);
});
