import type { UnitFile } from './unit-file.ts';

/** What a service may do with a path, and the setting of the unit that decides this. */
export interface UnitAccess {
  readonly access: 'hidden' | 'read' | 'write';
  readonly by: string;
}

interface Rule extends UnitAccess {
  readonly path: string;
}

/**
 * The settings for folders that systemd creates for the service, with their places. The service may
 * write to these folders.
 */
const OWN_FOLDERS = {
  RuntimeDirectory: '/run',
  StateDirectory: '/var/lib',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
} as const;

const PROTECTED: Readonly<Record<string, readonly string[]>> = {
  strict: ['/'],
  full: ['/usr', '/boot', '/efi', '/etc'],
};
const HOMES = ['/home', '/root', '/run/user'];
const TEMPORARY = ['/tmp', '/var/tmp'];
const YES = /^(?:1|y|yes|t|true|on)$/;
const NO = /^(?:0|n|no|f|false|off)$/;

/**
 * Returns a function that says what the unit lets the service do with an absolute path
 * (systemd.exec(5), Sandboxing). Everything below a hidden path is hidden, too, except paths that
 * are bound into it. Otherwise the rule for the longest path applies.
 */
export function accessOf(unit: UnitFile): (path: string) => UnitAccess {
  const bound = boundPaths(unit);
  const hidden = hiddenPaths(unit);
  const rules = [...readOnlyPaths(unit), ...writablePaths(unit)];
  return (path) => {
    const within = (found: readonly Rule[]) =>
      found.filter((rule) => isWithin(path, rule.path)).toSorted((a, b) => b.path.length - a.path.length)[0];
    return within(bound) ?? within(hidden) ?? within(rules) ?? { access: 'write', by: '' };
  };
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function boundPaths(unit: UnitFile): Rule[] {
  const rules = (name: string, access: UnitAccess['access']) =>
    unit.words(name).map((word): Rule => {
      const [source = '', target = source] = pathOf(word).split(':');
      return { path: pathOf(target), access, by: name };
    });
  return [...rules('BindPaths', 'write'), ...rules('BindReadOnlyPaths', 'read')];
}

function hiddenPaths(unit: UnitFile): Rule[] {
  const home = unit.value('ProtectHome') ?? 'no';
  const by = `ProtectHome=${home}`;
  const homes = NO.test(home) || home === 'read-only' ? [] : HOMES;
  const temporary = YES.test(unit.value('PrivateTmp') ?? 'no') ? TEMPORARY : [];
  return [
    ...homes.map((path): Rule => ({ path, access: 'hidden', by })),
    ...temporary.map((path): Rule => ({ path, access: 'hidden', by: 'PrivateTmp=yes' })),
    ...listed(unit, 'InaccessiblePaths', 'hidden'),
    ...listed(unit, 'TemporaryFileSystem', 'hidden'),
  ];
}

function readOnlyPaths(unit: UnitFile): Rule[] {
  const system = unit.value('ProtectSystem') ?? 'no';
  const folders = NO.test(system) ? [] : (PROTECTED[system] ?? ['/usr', '/boot', '/efi']);
  const homes = unit.value('ProtectHome') === 'read-only' ? HOMES : [];
  return [
    ...folders.map((path): Rule => ({ path, access: 'read', by: `ProtectSystem=${system}` })),
    ...homes.map((path): Rule => ({ path, access: 'read', by: 'ProtectHome=read-only' })),
    ...listed(unit, 'ReadOnlyPaths', 'read'),
  ];
}

function writablePaths(unit: UnitFile): Rule[] {
  const own = Object.entries(OWN_FOLDERS).flatMap(([name, place]) =>
    unit.words(name).map((word): Rule => ({ path: `${place}/${word.split(':')[0]}`, access: 'write', by: name })),
  );
  // ProtectSystem=strict does not cover these; other settings do.
  const kernel = ['/dev', '/proc', '/sys'].map((path): Rule => ({ path, access: 'write', by: '' }));
  return [...kernel, ...own, ...listed(unit, 'ReadWritePaths', 'write')];
}

function listed(unit: UnitFile, name: string, access: UnitAccess['access']): Rule[] {
  return unit.words(name).map((word) => ({ path: pathOf(word.split(':')[0] ?? ''), access, by: name }));
}

/**
 * The path without the prefixes - (ignore if missing) and + (relative to the root directory), and
 * without a slash at its end.
 */
function pathOf(word: string): string {
  return word.replace(/^[-+]*/, '').replace(/(?<=.)\/+$/, '');
}
