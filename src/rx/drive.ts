import {
  connect,
  defer,
  distinctUntilChanged,
  ignoreElements,
  map,
  merge,
  scan,
  Subject,
  takeWhile,
  tap,
} from 'rxjs';
import type { Observable, OperatorFunction, SchedulerLike } from 'rxjs';
import { WAKE, type Machine, type Turn, type Wake } from '../core/machine.js';
import { alarm } from './alarm.js';
import { each } from './each.js';
import { inTurn } from './in-turn.js';
import { keepRunning, type Wanted } from './keep-running.js';

export interface Driver<Input, Task> {
  readonly scheduler: SchedulerLike;
  /** A task's answers are inputs of the machine. It must not error: at a merge, failure is a value. */
  readonly run: (task: Task) => Observable<Input>;
}
const NOTHING: ReadonlySet<never> = new Set();
const NO_OUTPUTS: readonly never[] = [];

/**
 * Runs a machine: its inputs, the answers of its tasks and its one resettable timer, in one order; emits what it says.
 * This is the only feedback loop of the package. A turn is told before its tasks start. Completes when a turn is `done`,
 * and not with its source, behind which answers and the time may still matter; errors when the source errors, the machine
 * throws, or a task errors. Unsubscribing cancels every task and the timer.
 */
export function drive<State, Input, Output, Task>(
  machine: Machine<State, Input, Output, Task>,
  { scheduler, run }: Driver<Input, Task>,
): OperatorFunction<Input, Output> {
  return (input$) =>
    defer(() => {
      const answers = new Subject<Input | Wake>();
      const first: Turn<State, Output, Task> = { state: machine.initial };
      // Answers first: an input may come inside `subscribe`, and be answered there.
      return merge(answers, input$).pipe(
        inTurn(),
        scan((turn, input) => machine.step(turn.state, input, scheduler.now()), first),
        connect((turn$) =>
          merge(
            turn$,
            turn$.pipe(running(), keepRunning(run), into(answers)),
            turn$.pipe(
              map(({ wakeAt }) => wakeAt),
              alarm(scheduler),
              map(() => WAKE),
              into(answers),
            ),
          ),
        ),
        takeWhile(({ done }) => done !== true, true),
        map(({ outputs = NO_OUTPUTS }) => outputs),
        each(),
      );
    });
}

function running<State, Output, Task>(): OperatorFunction<Turn<State, Output, Task>, Wanted<Task>> {
  return (turn$) =>
    turn$.pipe(
      map(({ running: tasks = NOTHING, changes }) => changes ?? tasks),
      distinctUntilChanged(),
    );
}

function into<T>(answers: Subject<T>): OperatorFunction<T, never> {
  return (answer$) =>
    answer$.pipe(
      tap((answer) => {
        answers.next(answer);
      }),
      ignoreElements(),
    );
}
