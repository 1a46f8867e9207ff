import { defer, type Observable } from 'rxjs';
import { drive } from '../rx/drive.js';
import { Permits } from '../rx/permits.js';
import { dialAttempt, type AttemptDeps } from './dial-attempt.js';
import { dialMachine } from './dial-machine.js';
import { planDial, type PlannerDeps } from './dial-planner.js';
import type { DialedConnection, DialInput, DialMachineDeps, DialOutput, DialTask } from './dial-state.js';

export interface DialWorkerDeps<C> extends DialMachineDeps<C>, PlannerDeps, AttemptDeps<C> {
  /** Attempts at once, a peer. */
  readonly perPeer: number;
}

/**
 * One peer's dials: requests in, news and one end per request out, in order of settlement. Completes at `close`; never
 * errors unless a rule throws. Unsubscribing cancels every dial in flight.
 *
 * @source go-libp2p swarm, dial worker; RFC 8305 for the delays
 */
export function dialWorker<C extends DialedConnection>(
  input$: Observable<DialInput<C>>,
  deps: DialWorkerDeps<C>,
): Observable<DialOutput<C>> {
  return defer(() => {
    const ofPeer = new Permits(deps.perPeer);
    const run = (task: DialTask): Observable<DialInput<C>> =>
      task.type === 'plan' ? planDial(task.request, deps) : dialAttempt(task, ofPeer, deps);
    return input$.pipe(drive(dialMachine(deps), { scheduler: deps.scheduler, run }));
  });
}
