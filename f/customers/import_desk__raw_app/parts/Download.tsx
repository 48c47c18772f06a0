import { useState } from "preact/hooks";
import { fetchPieces } from "../lib/files";
import { server } from "../server";
import { t } from "../texts";
import type { FileKind } from "../types";
import { announce } from "./announce";
import { Button } from "./Button";
import { useAction } from "./hooks";
import { ErrorNotice } from "./Notice";

interface Props {
  draft: string;
  what: FileKind;
  text: string;
  /** The job of the run whose file it is; the last that has one if this is not given. */
  run?: string;
  small?: boolean;
}

/** A button that fetches a file in pieces and hands it to the browser to keep. */
export function Download({ draft, what, text, run, small }: Props) {
  const [share, setShare] = useState<number | null>(null);
  const fetching = useAction(async () => {
    setShare(null);
    const file = await fetchPieces((offset) => server.get_file({ draft, what, offset, ...(run ? { run } : {}) }), setShare);
    save(new Blob(file.parts as BlobPart[], { type: file.type }), file.filename);
    announce(t.files.done(file.filename));
  });
  const percent = fetching.busy && share !== null && share < 1 ? ` ${Math.floor(share * 100)} %` : "";
  return (
    <>
      <Button small={small} busy={fetching.busy && !percent} disabled={fetching.busy} onClick={() => void fetching.run()}>
        {text}
        {percent}
      </Button>
      <ErrorNotice error={fetching.error} again={() => void fetching.run()} />
    </>
  );
}

function save(blob: Blob, filename: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
