import { t } from "../texts";
import { Button } from "./Button";
import type { Looked } from "./look";
import { ErrorNotice, Notice } from "./Notice";

const IN_THE_WAY = "corrections_in_the_way";

/** Why the last change was not made, with the way on. */
export function Refused({ looked: { refused, change, forget } }: { looked: Looked }) {
  if (!refused) return null;
  const { error, changes } = refused;
  if (error.code !== IN_THE_WAY) {
    return <ErrorNotice error={error} title={t.reading.refused} again={() => change(changes)} />;
  }
  const actions = (
    <>
      <Button small onClick={forget}>
        {t.reading.keep_corrections}
      </Button>
      <Button small kind="danger" onClick={() => change({ ...changes, forget_corrections: true })}>
        {t.reading.forget_corrections}
      </Button>
    </>
  );
  return (
    <Notice kind="warn" urgent actions={actions}>
      <p>{error.message}</p>
    </Notice>
  );
}
