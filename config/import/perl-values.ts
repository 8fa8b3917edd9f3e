import type { IniSetting } from './ini.ts';

/** A setting of the Perl daemon, with its file. */
export interface PerlSetting extends IniSetting {
  readonly file: string;
}

/** A sentence about a setting, or about a missing one. */
export interface Remark {
  /** undefined: about a setting of this service that the files do not give. */
  readonly setting: PerlSetting | undefined;
  /**
   * `refused`: it cannot be imported. `todo`: a person has to do something. `note`: no action is
   * needed.
   */
  readonly kind: 'refused' | 'todo' | 'note';
  readonly words: string;
}

/** The settings by section and key. An empty value counts as a missing one. */
export class Values {
  readonly #settings = new Map<string, PerlSetting>();
  readonly #remarks: Remark[];

  constructor(own: readonly PerlSetting[], global: readonly PerlSetting[], remarks: Remark[]) {
    this.#remarks = remarks;
    for (const settings of [global, own]) {
      const seen = new Set<string>();
      for (const setting of settings) {
        const name = `${setting.section}\n${setting.key}`;
        if (seen.has(name)) this.remark(setting, 'todo', 'given a second time in this file: this value is used');
        seen.add(name);
        if (setting.value !== '') this.#settings.set(name, setting);
      }
    }
  }

  get(section: string, key: string): PerlSetting | undefined {
    return this.#settings.get(`${section}\n${key}`);
  }

  remark(setting: PerlSetting, kind: Remark['kind'], words: string): void {
    this.#remarks.push({ setting, kind, words });
  }

  missing(words: string, kind: Remark['kind']): void {
    this.#remarks.push({ setting: undefined, kind, words });
  }
}
