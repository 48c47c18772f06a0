import { render } from "preact";
import { App } from "./App";
import { Boundary } from "./parts/Boundary";
import "./index.css";

const root = document.getElementById("root");
if (root) {
  render(
    <Boundary>
      <App />
    </Boundary>,
    root,
  );
}
