/**
 * Keeps the documentation true: every `ts` block of README.md, docs and examples, and every `@example` of the sources, is
 *
 *   part of the file that the comment above it names      <!-- from examples/echo/echo.ts -->
 *   or a module that compiles, but cannot run here        <!-- not run: it wants the internet -->
 *   or a program that compiles, runs, and throws nothing
 *
 * and what a program prints is what stands under `<!-- output -->` behind it, if anything does.
 *
 *   npm run guides               all of it
 *   npm run guides -- start      what has "start" in its path
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';
import ts from 'typescript';
import { blocksIn, flat, type CodeBlock } from './code-blocks.js';

interface Program extends CodeBlock {
  readonly path: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the package, so that `rx-libp2p` is the package itself. */
const folder = join(root, '.guides');
/** A program's top level has this long, ms. What it leaves running is looked at for a moment, for errors. */
const PATIENCE_MS = 20_000;
const AFTERMATH_MS = 50;

const problems: string[] = [];
const where = ({ file, line }: CodeBlock): string => `${file}:${String(line)}`;

function filesIn(directory: string, ending: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !/node_modules|^api\//.test(name))
    .map((name) => join(directory, name));
}

function allBlocks(): CodeBlock[] {
  const pages = ['README.md', ...filesIn('docs', '.md'), ...filesIn('examples', '.md')];
  return [...pages, ...filesIn('src', '.ts')].flatMap((file) =>
    blocksIn(file, readFileSync(join(root, file), 'utf8')),
  );
}

/** Code that is shown from a file is there, word for word. */
function checkTaken(block: CodeBlock, from: string): void {
  if (!/^(examples|test|src)\//.test(from)) problems.push(`${where(block)}: nothing compiles ${from}`);
  else if (!flat(readFileSync(join(root, from), 'utf8')).includes(flat(block.code)))
    problems.push(`${where(block)}: this is not in ${from}`);
}

function write(blocks: readonly CodeBlock[]): Program[] {
  mkdirSync(folder, { recursive: true });
  return blocks.map((block) => {
    const name = `${block.file.replace(/\W+/g, '-')}-${String(block.line)}.ts`;
    const path = join(folder, name);
    // Whoever imports nothing is a module as well.
    writeFileSync(path, `${block.code}\nexport {};\n`);
    return { ...block, path };
  });
}

/** One compiler for all of them, with the options that the tests have. */
function compile(programs: readonly Program[]): void {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.test.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
      },
    },
  );
  const program = ts.createProgram(
    programs.map(({ path }) => path),
    config?.options ?? {},
  );
  for (const block of programs) {
    const source = program.getSourceFile(block.path);
    for (const found of [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]) {
      const line = source?.getLineAndCharacterOfPosition(found.start ?? 0).line ?? 0;
      const said = ts.flattenDiagnosticMessageText(found.messageText, '\n');
      problems.push(`${where({ ...block, line: block.line + line })}: ${said}`);
    }
  }
}

/** Runs one to the end of its top level, and says what it printed. */
async function run({ path }: Program): Promise<string> {
  const said: string[] = [];
  const { log, error, warn } = console;
  console.log = (...args: unknown[]) => said.push(format(...args));
  console.error = console.warn = console.log;
  let fail: (thrown: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  process.on('uncaughtException', fail).on('unhandledRejection', fail);
  const timer = setTimeout(() => {
    fail(new Error('it has not ended'));
  }, PATIENCE_MS);
  try {
    await Promise.race([import(pathToFileURL(path).href), failed]);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS)), failed]);
  } finally {
    clearTimeout(timer);
    process.off('uncaughtException', fail).off('unhandledRejection', fail);
    Object.assign(console, { log, error, warn });
  }
  return said.join('\n');
}

async function runAll(programs: readonly Program[]): Promise<void> {
  process.chdir(mkdtempSync(join(tmpdir(), 'guides-')));
  for (const program of programs) {
    const startedAt = performance.now();
    try {
      const said = await run(program);
      const { output } = program;
      if (output !== undefined && output.trim() !== said.trim())
        problems.push(`${where(program)}: it prints something else:\n${said}`);
      console.log(`  ran ${where(program)} (${(performance.now() - startedAt).toFixed(0)} ms)`);
    } catch (error) {
      problems.push(
        `${where(program)}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }
}

const [only = ''] = process.argv.slice(2);
const blocks = allBlocks().filter(({ file }) => file.includes(only));
const taken = blocks.filter(({ note }) => note.startsWith('from '));
for (const block of taken) checkTaken(block, block.note.slice('from '.length));
const programs = write(blocks.filter((block) => !taken.includes(block)));
compile(programs);
if (problems.length === 0) await runAll(programs.filter(({ note }) => !note.startsWith('not run: ')));
rmSync(folder, { recursive: true, force: true });

for (const problem of problems) console.error(problem);
const counts = `${String(blocks.length)} pieces of code, ${String(taken.length)} of them from files, ${String(programs.length)} compiled`;
console.log(`${counts}: ${problems.length === 0 ? 'all good' : `${String(problems.length)} problems`}`);
process.exit(problems.length === 0 ? 0 : 1);
