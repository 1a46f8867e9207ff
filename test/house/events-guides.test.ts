import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { prometheusMetrics } from '../../src/metrics.js';
import { examplesIn, problemsIn, readGuide } from '../support/guide-examples.js';

const [events, metrics] = [readGuide('events'), readGuide('metrics')];
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('every example of the guides to events and metrics compiles against the sources', () => {
  const examples = [...examplesIn(events), ...examplesIn(metrics)];
  expect(examples).toHaveLength(4);
  expect(problemsIn(examples)).toEqual([]);
}, 60_000);

it('the recorder and the metrics page are shown as they run', () => {
  expect(examplesIn(events)).toContain(read('examples/recorder/recorder.ts'));
  expect(examplesIn(metrics)).toContain(read('examples/metrics/metrics.ts'));
});

it('[MET] the guide lists every metric that is registered, and no other', () => {
  const registry = new Registry();
  prometheusMetrics(registry);
  const registered = registry.getMetricsAsArray().map(({ name }) => name.replace('libp2p_', ''));
  const table = metrics.slice(metrics.indexOf('| metric'), metrics.indexOf('`transport` is'));
  const listed = [...table.matchAll(/`((?:swarm|identify|rcmgr|eventbus)_\w+)`/g)].map(([, name = '']) => name);
  expect(listed.sort()).toEqual(registered.sort());
});
