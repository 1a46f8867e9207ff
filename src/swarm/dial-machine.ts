/**
 * The dial worker of one peer as a reducer: requests, plans and results go in; events, answers, and the set of attempts
 * that should be under way come out. Pure: no clock, no socket; `dial-worker.ts` drives it. The ids are rows of go's
 * behaviour that each line keeps. @source go-libp2p swarm, dial worker (WORK-1 to WORK-25); ADR 5
 */
import type { Machine } from '../core/machine.js';
import { planEnded, planned, resolved } from './dial-plans.js';
import { connected, failed, progress, started } from './dial-results.js';
import type {
  AttemptUpdate,
  DialedConnection,
  DialInput,
  DialMachineDeps,
  DialOutput,
  DialRequest,
  DialState,
  DialTask,
  PlanUpdate,
} from './dial-state.js';
import { DialTurn } from './dial-turn.js';

export function dialMachine<C extends DialedConnection>(
  deps: DialMachineDeps<C>,
): Machine<DialState<C>, DialInput<C>, DialOutput<C>, DialTask> {
  return {
    initial: {
      startedAt: undefined,
      pending: new Map(),
      tracked: new Map(),
      queue: [],
      everConnected: false,
      timerAt: undefined,
      deadlineAt: Infinity,
      running: new Set(),
    },
    step(state, input, now) {
      const turn = new DialTurn<C>(state, now);
      if (input.type === 'wake') wake(turn);
      else if (input.type === 'request') request(turn, input.request, deps);
      else if (input.type === 'withdraw') turn.end([input.id], { outcome: 'cancelled' });
      else if (input.type !== 'close') answer(turn, input, deps);
      return turn.leave(input.type === 'close');
    },
  };
}

function answer<C extends DialedConnection>(
  turn: DialTurn<C>,
  input: PlanUpdate | AttemptUpdate<C>,
  deps: DialMachineDeps<C>,
): void {
  switch (input.type) {
    case 'planned':
      planned(turn, input, deps);
      break;
    case 'resolved':
      resolved(turn, input);
      break;
    case 'plan-ended':
      planEnded(turn, input, deps);
      break;
    case 'started':
      started(turn, input);
      break;
    case 'progress':
      progress(turn, input);
      break;
    case 'connected':
      connected(turn, input);
      break;
    case 'failed':
      failed(turn, input, deps);
      break;
  }
}

function wake<C extends DialedConnection>(turn: DialTurn<C>): void {
  turn.expire();
  // WORK-5: whatever its delay says, for all before it may have failed.
  if (turn.timerAt === undefined || turn.timerAt > turn.now) return;
  turn.startBatch();
  turn.schedule();
}

/** WORK-1.1: a connection that is there answers at once; else the strategy is asked. */
function request<C extends DialedConnection>(
  turn: DialTurn<C>,
  asked: DialRequest,
  deps: DialMachineDeps<C>,
): void {
  turn.plan(asked);
  turn.tell([asked.id], { type: 'dial:start' });
  const connection = deps.acceptable(asked);
  if (connection !== undefined) turn.end([asked.id], { outcome: 'reused', connection });
}
