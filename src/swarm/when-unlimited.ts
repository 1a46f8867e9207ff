import { filter, map, take, type Observable } from 'rxjs';
import { bestConnection, type Rated } from './best-connection.js';

/** The best connection of a peer as soon as it is not limited; emits once and completes. @source go-libp2p swarm, STR-5 to STR-7 */
export function whenUnlimited<C extends Rated>(connections$: Observable<readonly C[]>): Observable<C> {
  return connections$.pipe(
    map((oldestFirst) => bestConnection(oldestFirst)),
    filter((best): best is C => best?.limited === false),
    take(1),
  );
}
