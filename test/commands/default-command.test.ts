import { describe, expect, it } from 'vitest';
import { withDefaultCommand } from '../../src/commands/sandbox.ts';

const command = (args: readonly string[], byNpmStart: boolean, isConfigured: boolean) =>
  withDefaultCommand(args, { byNpmStart, hasConfiguration: () => isConfigured });

describe('the program without a command', () => {
  it.each([
    ['is the sandbox where there is no configuration', false, false, ['sandbox']],
    ['is the sandbox by `npm start`, on any host', true, true, ['sandbox']],
    ['is an overview where there is a configuration', false, true, undefined],
  ])('%s', (_, byNpmStart, isConfigured, meant) => {
    expect(command([], byNpmStart, isConfigured)).toEqual(meant);
  });

  it('is the sandbox with its options', () => {
    expect(command(['--once'], false, true)).toEqual(['sandbox', '--once']);
    expect(command(['--port', '1'], false, true)).toEqual(['sandbox', '--port', '1']);
  });

  it('leaves other arguments alone', () => {
    expect(command(['--help'], false, true)).toEqual(['--help']);
    expect(command(['check'], true, false)).toEqual(['check']);
  });
});
