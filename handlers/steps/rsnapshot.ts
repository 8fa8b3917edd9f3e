import { ReturnCode } from '../../src/domain/return-code.ts';
import { endsWithin } from '../../src/script/command.ts';
import { defineStep, type StepDeclaration } from '../define-step.ts';
import { linesOf } from './findings.ts';
import { inspectRsnapshot } from './inspect-rsnapshot.ts';
import { removeConfiguration, rsnapshotSettings, writeConfiguration } from './rsnapshot-configuration.ts';
import { LOOK_UP_ID } from './user-lookup.ts';

/** The time limit for the few files of an account, which may be on a network file system. */
const FILES = 30_000;

const shared = {
  name: 'rsnapshot',
  section: 'rsnapshot',
  settings: rsnapshotSettings,
  isOn: ({ enabled }) => enabled,
  needsHomeRoot: ({ enabled }) => enabled === true,
  files: ({ enabled, template }) => ({ template: enabled ? template : null }),
  inspect: async (settings, _, look) =>
    linesOf('rsnapshot', `${settings.directory} can be written to`, await inspectRsnapshot(settings, look)),
  overdue: {
    returnValue: ReturnCode.CANNOT_CREATE_RSNAPSHOT_CONFIGURATION,
    remedy: 'check that the file system of rsnapshot.directory answers',
  },
} satisfies Partial<StepDeclaration<'rsnapshot', typeof rsnapshotSettings>>;

/** Writes the account's rsnapshot configuration. */
export const rsnapshot = defineStep({
  ...shared,
  // Two look-ups: the owner and the group.
  limit: ({ timeout }) => FILES + 2 * LOOK_UP_ID + timeout + endsWithin(),
  grace: () => endsWithin(),
  run: (settings, { homeRoot, homeLayout }) => {
    return (job, context, { getent, runCommand }) =>
      writeConfiguration(job, context, { ...settings, homeRoot, homeLayout, getent, runCommand });
  },
});

/** Removes the account's rsnapshot configuration. */
export const rsnapshotRemoved = defineStep({
  ...shared,
  limit: () => FILES,
  grace: () => 0,
  run: (settings) => {
    return (job, context) => removeConfiguration(job, context, settings);
  },
});
