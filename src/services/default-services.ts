import type { Subscription } from 'rxjs';
import type { DefaultServices } from './contract.js';
import type { ServiceDeps } from './deps.js';
import { Identify } from './identify.js';
import { Ping } from './ping.js';

/** Makes and starts them, one by one, as the host asks for each; `working` ends them. */
export function defaultServices(
  deps: ServiceDeps,
  working: Subscription,
): { readonly [K in keyof DefaultServices]: () => DefaultServices[K] } {
  return {
    identify: () => {
      const service = new Identify(deps);
      working.add(service.start());
      return { identify: service.identify };
    },
    ping: () => {
      const service = new Ping(deps);
      working.add(service.start());
      return { ping: service.ping };
    },
  };
}
