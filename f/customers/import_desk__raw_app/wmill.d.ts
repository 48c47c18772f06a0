// What Windmill generates in this file's place names each runnable; server.ts knows their types already.

type Call<Answer> = (args: object) => Promise<Answer>;

export declare const backend: Record<string, Call<unknown>>;

export declare const backendAsync: Record<string, Call<string>>;

export type Job = {
  type: "QueuedJob" | "CompletedJob";
  id: string;
  success: boolean;
  result: unknown;
};

/** Resolves with the result; rejects if the job failed. */
export declare function waitJob(id: string): Promise<unknown>;

export declare function getJob(id: string): Promise<Job>;
