// What a raw app imports as `./wmill`, for a page that `mill serve` shows. Windmill's own module asks the
// window around the page; this one asks the server. The exports mean the same in both, down to how a failed job
// is told: its stack if it has one, else its message. getJob(id).result.error has all that is known of it.

type Arguments = Record<string, unknown>;
type Call = (args?: Arguments) => Promise<any>;

export interface Job {
  type: 'QueuedJob' | 'CompletedJob';
  id: string;
  created_at: string | null;
  started_at: string | null;
  duration_ms: number | null;
  completed: boolean;
  running: boolean;
  canceled: boolean;
  success: boolean;
  result: any;
}

export interface StreamUpdate {
  new_result_stream?: string;
  stream_offset?: number;
}

const WAIT_SECONDS = 20; // the server holds a question for so long before it says that a job still runs
const RETRIES = 5; // of a question that no answer came to; a second lies between two

const failure = (name: string, message: string): Error => Object.assign(new Error(message), { name });

async function ask(path: string, args?: Arguments): Promise<any> {
  const posted = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ args }) };
  let reply: Response;
  let text: string;
  try {
    reply = await fetch(path, { ...(args === undefined ? {} : posted), cache: 'no-store', redirect: 'error' });
    text = await reply.text();
  } catch {
    throw failure('ConnectionLost', 'No answer from the server: is `mill` still running, and the connection up?');
  }
  let answer: any;
  try {
    answer = JSON.parse(text);
  } catch {
    throw failure(`Status${reply.status}`, text || `The server answered with status ${reply.status}.`);
  }
  if (!reply.ok) throw failure(answer?.error?.name ?? `Status${reply.status}`, answer?.error?.message ?? text);
  return answer;
}

const start = async (id: string, args: Arguments): Promise<string> =>
  (await ask(`/desk/run/${encodeURIComponent(id)}`, args)).job;

const look = (id: string, wait: number): Promise<Job> => ask(`/desk/jobs/${encodeURIComponent(id)}?wait=${wait}`);

async function ended(id: string): Promise<Job> {
  for (let failed = 0; ; ) {
    try {
      const job = await look(id, WAIT_SECONDS);
      if (job.completed) return job;
      failed = 0;
    } catch (error) {
      if ((error as Error).name !== 'ConnectionLost' || ++failed > RETRIES) throw error;
      await new Promise((go) => setTimeout(go, 1000));
    }
  }
}

/** Resolves with the job as it stands. */
export const getJob = (id: string): Promise<Job> => look(id, 0);

/** Resolves with the job's result; rejects if the job failed. */
export async function waitJob(id: string): Promise<any> {
  const { success, result } = await ended(id);
  const error = success ? undefined : result?.error;
  if (error !== undefined) throw new Error(error.stack ?? error.message);
  return result;
}

/** Resolves with the job's result, failed or not. What it streamed arrives in one piece, when it has ended. */
export async function streamJob(id: string, onUpdate?: (update: StreamUpdate) => void): Promise<any> {
  const { result } = await ended(id);
  const text = result?.wm_stream;
  if (typeof text === 'string') onUpdate?.({ new_result_stream: text, stream_offset: text.length });
  return result;
}

const each = (call: (id: string, args: Arguments) => Promise<any>): Record<string, Call> =>
  new Proxy({}, { get: (_, id) => (args?: Arguments) => call(String(id), args ?? {}) });

/** backend.<id>(args) runs what backend/<id>.yaml names, and resolves as waitJob does. */
export const backend = each(async (id, args) => waitJob(await start(id, args)));

/** backendAsync.<id>(args) resolves with the id of the job as soon as it is started. */
export const backendAsync = each(start);
