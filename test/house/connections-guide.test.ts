import { examplesIn, problemsIn, readGuide } from '../support/guide-examples.js';

it('every example of the guide to connections compiles against the sources', () => {
  const examples = examplesIn(readGuide('connections'));
  expect(examples).toHaveLength(6);
  expect(problemsIn(examples)).toEqual([]);
}, 60_000);
