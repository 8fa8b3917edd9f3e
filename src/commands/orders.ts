import type { Command } from 'commander';
import type { Control } from '../domain/control.ts';
import { orderTarget, type TargetOptions, withTargetOptions } from './operator-target.ts';
import { returnCode } from './options.ts';
import { CommandExit, runAction } from './run-action.ts';
import { sizeOf } from './screen.ts';

interface OrderOptions extends TargetOptions {
  readonly json?: true;
}

/**
 * Registers the orders to a running service. Each exits with 0 if the order was carried out, with 1
 * if the service refused it, and with 2 if the service could not be reached.
 */
export function registerOrders(program: Command): void {
  ordering(program.command('pause'))
    .description('make a running service start no new work; running work continues to its end')
    .option('--reason <text>', 'the reason; status, explain and the log show it')
    .action(({ reason, ...options }: OrderOptions & { readonly reason?: string }) =>
      send('pause', options, reason === undefined ? {} : { reason }),
    );
  ordering(program.command('resume'))
    .description('make a paused service start work again')
    .action((options: OrderOptions) => send('resume', options, {}));
  ordering(program.command('reload'))
    .description('make a running service read its configuration again; a faulty one changes nothing')
    .action((options: OrderOptions) => send('reload', options, {}));
  ordering(program.command('cancel'))
    .description('end the script of an account, which then counts as failed; other scripts continue')
    .argument('<uid>', 'the account')
    .action((uid: string, options: OrderOptions) => send('cancel', options, { uid }));
  ordering(program.command('settle'))
    .description('write the outcome of an account that was fixed by hand, by compare-and-swap; nothing is run')
    .argument('<uid>', 'the account; it must have failed, or be in work while nothing runs for it')
    .requiredOption(
      '--code <code>',
      '0: the account is finished; any other code: it has failed with this code',
      returnCode(0),
    )
    .action((uid: string, { code, ...options }: OrderOptions & { readonly code: number }) =>
      send('settle', options, { uid, code }),
    );
}

function ordering(command: Command): Command {
  return withTargetOptions(command).option('--json', 'the answer as one JSON object');
}

function send(name: keyof Control, { json, ...target }: OrderOptions, order: object): Promise<void> {
  const work = async (): Promise<number> => {
    const { sendOrder } = await import('../operator/send-order.ts');
    const { visible, visibleJson } = await import('../domain/visible.ts');
    const { wrap } = await import('../observability/wrap.ts');
    const answer = await sendOrder(await orderTarget(target), name, order);
    const { columns } = sizeOf(process.stdout);
    const lines = answer.words.split('\n').flatMap((line) => wrap(visible(line), columns));
    const text = json ? visibleJson(JSON.stringify(answer)) : lines.join('\n');
    process.stdout.write(`${text}\n`);
    return answer.done ? CommandExit.OK : CommandExit.NOT_OK;
  };
  return runAction(work, { completesWithoutOutput: true });
}
