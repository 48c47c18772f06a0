import { useRef, useState } from "preact/hooks";
import { t } from "../texts";
import { Button } from "./Button";

interface Props {
  onFile: (file: File) => void;
}

/** Takes a file that is dropped on it, or chosen. */
export function DropZone({ onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState("");

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
    const [file] = event.dataTransfer?.files ?? [];
    if (items.length > 1) return setRefused(t.start.several);
    if (items[0]?.webkitGetAsEntry()?.isDirectory) return setRefused(t.start.folder);
    setRefused("");
    if (file) onFile(file);
  };

  return (
    <div
      class={`drop${over ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={drop}
    >
      <p class="drop-title">{over ? t.start.dropping : t.start.drop}</p>
      <p class="muted">{t.start.or}</p>
      <Button kind="primary" onClick={() => input.current?.click()}>
        {t.start.choose}
      </Button>
      <input
        ref={input}
        type="file"
        class="hidden"
        tabIndex={-1}
        aria-label={t.start.choose}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          event.currentTarget.value = ""; // the same file can be chosen again
          setRefused("");
          if (file) onFile(file);
        }}
      />
      <p class={refused ? "error" : "hint"} role="status">
        {refused || t.start.kinds}
      </p>
    </div>
  );
}
