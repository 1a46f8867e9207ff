import { existsSync, readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/architecture.md', root), 'utf8');
const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' });
/** The flow under a heading, as it is drawn. */
const flow = (heading: string): string =>
  new RegExp(`## ${heading}\\n\\n\`\`\`\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
const named = (text: string): string[] =>
  [...text.matchAll(/[a-z0-9.-]+(?:\/[a-z0-9.-]+)*\.ts\b/g)].map(([name]) => name);

it('every file that the page names is there', () => {
  const missing = named(page).filter((name) =>
    name.includes('/')
      ? !existsSync(new URL(`src/${name}`, root))
      : !files.some((file) => file.endsWith(`/${name}`)),
  );
  expect(missing).toEqual([]);
});

it('every folder that the page names is there', () => {
  const folders = [...page.matchAll(/`([a-z]+)\/`/g)].map(([, folder = '']) => folder);
  expect(folders.length).toBeGreaterThan(5);
  expect(folders.filter((folder) => !files.some((file) => file.startsWith(`${folder}/`)))).toEqual(['src']);
});

it.each([
  ["A byte's way", 10],
  ["A dial's way", 15],
])('%s is drawn on one screen, with its files', (heading, files) => {
  const lines = flow(heading).split('\n');
  expect(new Set(named(flow(heading))).size).toBeGreaterThanOrEqual(files);
  expect(lines.length).toBeLessThanOrEqual(30);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(125);
});
