"""A raw app of a few lines at the import desk's place, for what bundles, serves and deploys pages."""

from __future__ import annotations

APP = "f/customers/import_desk__raw_app"
# A heading, and below it what `backend.greet` answers, or the name and the words of the error.
INDEX = """
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { backend, backendAsync, getJob, streamJob, waitJob } from './wmill';
import './index.css';

Object.assign(window, { wmill: { backend, backendAsync, getJob, streamJob, waitJob } });

function App() {
  const [text, setText] = useState('...');
  useEffect(() => {
    backend.greet({ name: location.hash.slice(1) }).then(
      (answer: { text: string }) => setText(answer.text),
      (error: Error) => setText(`${error.name}: ${error.message}`),
    );
  }, []);
  return <main><h1>Tiny desk</h1><p>{text}</p></main>;
}

render(<App />, document.getElementById('root')!);
"""
GREET = """
def main(name: str = "") -> dict[str, str]:
    if name == "nobody":
        raise ValueError("There is nobody to greet.")
    return {"text": f"Hello <b>{name}</b>"}
"""
TINY = {
    f"{APP}/raw_app.yaml": "summary: A <tiny> desk\npolicy: {execution_mode: viewer}\n",
    f"{APP}/package.json": '{"dependencies": {"preact": "11.2.0"}}\n',
    f"{APP}/tsconfig.json": '{"compilerOptions": {"jsx": "react-jsx", "jsxImportSource": "preact"}}\n',
    f"{APP}/index.tsx": INDEX,
    f"{APP}/index.css": "h1 { color: rgb(0, 90, 0); }\n",
    f"{APP}/backend/greet.yaml": "type: script\npath: f/desk/greet\n",
    "f/desk/greet.py": GREET,
}
