/** The return codes of attempts and of the process. The numbers are those of the daemon of 2013. */
export const ReturnCode = {
  SUCCESS: 0,
  UNDEFINED_ERROR: 1,
  USER_NOT_PRESENT_IN_BACKEND: 2,
  RUNTIME_VERSION_NOT_SATISFIED: 3,
  CANNOT_CHECK_HOME_DIR_PRESENCE: 4,
  CANNOT_CREATE_HOME_DIR: 5,
  CANNOT_SET_QUOTA: 6,
  CANNOT_CREATE_RSNAPSHOT_CONFIGURATION: 7,
} as const;

/** The script asks for a later attempt (sysexits.h). */
export const EX_TEMPFAIL = 75;

/**
 * The name of the return code of an attempt, for messages; undefined for a code of the site's
 * script. 3 is the process's own code: no step of the service ends with it.
 */
export function returnCodeName(code: number): string | undefined {
  if (code === EX_TEMPFAIL) return 'EX_TEMPFAIL';
  if (code === ReturnCode.RUNTIME_VERSION_NOT_SATISFIED) return undefined;
  return Object.entries(ReturnCode).find(([, value]) => value === code)?.[0];
}

/** Exit codes of the process in addition to `ReturnCode` (sysexits.h). */
export const ProcessExit = { WRONG_USAGE: 64, FAULTY_CONFIGURATION: 78 } as const;
