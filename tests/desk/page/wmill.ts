// A server for the page's tests, in the place of `./wmill`: it answers in the shapes of the scripts under f/desk,
// and fails when told to. `window.desk` is what a test says to it and learns of it.
import { handlers } from "./answers";
import { importing } from "./importing";

interface Job {
  type: "QueuedJob" | "CompletedJob";
  id: string;
  success: boolean;
  result: unknown;
}

interface Desk {
  /** Every call: name and arguments. */
  calls: [string, Record<string, unknown>][];
  /** So many calls find no server. */
  lost: number;
  session: boolean;
  /** What a runnable fails with, once. */
  fails: Record<string, { name: string; message: string; code?: string }>;
  milliseconds: number;
  answers: Record<string, (args: any) => unknown>;
}

const isImporting = new URLSearchParams(location.search).has("importing");
const answers = isImporting ? { ...handlers, ...importing } : handlers;
const desk: Desk = { calls: [], lost: 0, session: true, fails: {}, milliseconds: 20, answers };
(window as unknown as { desk: Desk }).desk = desk;

const jobs = new Map<string, Promise<Job>>();
const pause = (milliseconds: number) => new Promise((go) => setTimeout(go, milliseconds));

function reach(): void {
  if (desk.lost > 0) {
    desk.lost -= 1;
    throw Object.assign(new Error("No answer from the server"), { name: "ConnectionLost" });
  }
  if (!desk.session) throw Object.assign(new Error("no session"), { name: "Status401" });
}

async function work(id: string, name: string, args: Record<string, unknown>): Promise<Job> {
  await pause(desk.milliseconds);
  const failure = desk.fails[name];
  delete desk.fails[name];
  try {
    if (failure) throw failure;
    const result = JSON.parse(JSON.stringify(await desk.answers[name]!(args)));
    return { type: "CompletedJob", id, success: true, result };
  } catch (error) {
    const { code = null, ...told } = error as { name: string; message: string; code?: string };
    return { type: "CompletedJob", id, success: false, result: { error: { ...told, extra: { code, attempts: 0 } } } };
  }
}

export const backendAsync = new Proxy({} as Record<string, (args: Record<string, unknown>) => Promise<string>>, {
  get: (_, name: string) => async (args: Record<string, unknown>) => {
    await pause(desk.milliseconds / 4);
    reach();
    desk.calls.push([name, JSON.parse(JSON.stringify(args))]);
    const id = `job-${desk.calls.length}`;
    jobs.set(id, work(id, name, args));
    return id;
  },
});

export async function getJob(id: string): Promise<Job> {
  reach();
  return jobs.get(id)!;
}

export async function waitJob(id: string): Promise<unknown> {
  reach();
  const job = await jobs.get(id)!;
  if (!job.success) throw new Error("Traceback (most recent call last): no sentence in here");
  return job.result;
}

export const backend = new Proxy({} as Record<string, (args: Record<string, unknown>) => Promise<unknown>>, {
  get: (_, name: string) => async (args: Record<string, unknown>) => waitJob(await backendAsync[name]!(args)),
});
