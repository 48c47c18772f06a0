"""What each code of `mill lint` stands for: docs/lint-codes.md is written from here.

A finding says it again in the words of the case: which input, which step, which line.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """What is found, what happens on Windmill if it stays, and what to do. Each is a sentence or two."""

    finds: str
    why: str
    remedy: str


# The families, by the first digit of a code.
FAMILIES = {
    "0": "Files that cannot be read",
    "1": "Signatures of main()",
    "2": "Imports and locks",
    "3": "Forms",
    "4": "Flows",
    "5": "Expressions",
    "6": "Schedules, routes and webhooks",
    "7": "Layout, and what is pushed",
    "8": "Secrets",
    "9": "Pages (raw apps)",
}

RULES: dict[str, Rule] = {
    "WM000": Rule(
        "What `wmill lint --locks-required --fail-on-warn` says.",
        "Windmill's own tool refuses the file, or warns of it.",
        "Do as its sentence says.",
    ),
    "WM001": Rule(
        "A Python file has a syntax error.", "The job would fail.", "Correct the line that is named."
    ),
    "WM002": Rule(
        "A YAML file cannot be read.", "A push would fail or leave it out.", "Correct the line that is named."
    ),
    "WM003": Rule(
        "A script has no .script.yaml.", "A push makes one with an empty form.", "Run `mill metadata`."
    ),
    "WM101": Rule(
        "A default is not a literal.",
        "Windmill does not see it: left out, the input arrives as None.",
        "Write a literal, or take None and set the value in the body.",
    ),
    "WM102": Rule("A parameter stands behind `*`.", "Windmill never passes it.", "Remove the `*` before it."),
    "WM103": Rule(
        "A parameter stands before `/`.", "The defaults that Windmill reads are wrong.", "Remove the `/`."
    ),
    "WM104": Rule(
        "main is async.",
        "Windmill does not await it: the result is the text of a coroutine.",
        "Write `def main` and call asyncio.run inside it.",
    ),
    "WM105": Rule(
        "A comment or text within the signature has an unpaired bracket.",
        "Windmill counts brackets there, and misreads the signature.",
        "Pair it, or move the text out of the signature.",
    ),
    "WM106": Rule(
        "main has an Enum, and its closing bracket stands in column 1.",
        "Windmill loses the Enum.",
        "Use Literal, or close the bracket at the end of the last parameter's line.",
    ),
    "WM107": Rule(
        "A parameter is a model, dataclass or Enum.",
        "It arrives as a dict or a str.",
        "Take a dict or TypedDict and build the model inside main; use Literal for choices.",
    ),
    "WM108": Rule(
        "The form offers something else than the annotation means.",
        "People can enter what the script cannot use.",
        "Write the type that the finding names, such as list[str] or a Literal of at least two strings.",
    ),
    "WM109": Rule(
        "An annotation is read as a resource type that neither this repository nor the hub has.",
        "The form asks for a resource that nobody can make.",
        "Name a TypedDict like its resource type; write other types out.",
    ),
    "WM110": Rule(
        "Windmill does not find main.",
        "The script cannot be run.",
        "Write exactly `def main(`, in column 1.",
    ),
    "WM111": Rule(
        "Windmill reads no type from an annotation.",
        "The form has a field of no type.",
        "Write the type that the finding names.",
    ),
    "WM201": Rule(
        "`from package import module` of a module of this workspace.",
        "Windmill does not follow it: the packages that the module imports are not installed.",
        "Write `from package.module import name`.",
    ),
    "WM202": Rule(
        "A package is imported below the top level.",
        "Windmill reads imports at the top level only: the package is not installed.",
        "Import it at the top, or name it in `# extra_requirements:`.",
    ),
    "WM204": Rule(
        "An import names a script that is not there.",
        "The job fails.",
        "Correct the import, or add the file.",
    ),
    "WM205": Rule(
        "The imports cannot be worked out.",
        "A lock made from them would be wrong.",
        "Do as the sentence says.",
    ),
    "WM206": Rule(
        "Nothing in the code pins a package as the lock has it.",
        "When a library is deployed, Windmill takes the newest version, and each push differs.",
        "Run `mill metadata --pin`.",
    ),
    "WM301": Rule(
        "A script or flow has no summary.", "People pick it by its summary.", "Write what it does."
    ),
    "WM302": Rule(
        "A script, flow or resource type has no description.",
        "People pick it by its description.",
        "Write what it is for.",
    ),
    "WM303": Rule(
        "An input has no description.",
        "The person at the form has to guess.",
        "Say what to enter, with an example or a unit.",
    ),
    "WM304": Rule(
        "The order of a form names a field twice, names one that is not there, or leaves one out.",
        "The form shows fields in another order.",
        "Name each field once, seldom used ones last.",
    ),
    "WM305": Rule(
        "A number has minimum or maximum only.",
        "The form reads min and max: it lets the number be anything.",
        "Write min or max as well.",
    ),
    "WM306": Rule(
        "The form cannot show the alternatives of a field, or cannot tell them apart.",
        "What was saved is lost when the resource is opened.",
        "Give each a title, and a property whose enum is that title alone.",
    ),
    "WM307": Rule(
        "A resource does not say which alternative a field is.",
        "Who opens it in the form loses the field.",
        "Write the tag that the finding names.",
    ),
    "WM401": Rule(
        "A stop has no skip_if_stopped.",
        "Windmill refuses to read the flow.",
        "Write true or false.",
    ),
    "WM402": Rule("A loop has no skip_failures.", "What is missing is read as a default.", "Write it out."),
    "WM403": Rule(
        "A branch of a branchall has no skip_failure.", "What is missing is read as true.", "Write it out."
    ),
    "WM404": Rule(
        "A loop or branchall does not say whether it is parallel.",
        "Missing means true for the one and false for the other.",
        "Write it out.",
    ),
    "WM405": Rule("A step's id has a dash.", "results.a-b reads as a subtraction.", "Use an underscore."),
    "WM407": Rule("The last step has continue_on_error.", "A failure ends as a success.", "Remove it."),
    "WM408": Rule(
        "A parallel loop has stop_after_if.",
        "It is ignored.",
        "Use stop_after_all_iters_if, or make the loop sequential.",
    ),
    "WM409": Rule("A parallel loop in a flow with same_worker.", "It fails.", "Drop one of the two."),
    "WM410": Rule(
        "Two steps have one id.", "results.id is one of them, whichever it is.", "Give each its own id."
    ),
    "WM412": Rule("A step runs what is not there.", "The flow fails.", "Correct the path."),
    "WM413": Rule(
        "A setting works in the Enterprise Edition only.",
        "Elsewhere it is ignored.",
        "Remove it, or do it in the script.",
    ),
    "WM414": Rule(
        "A step is given an input that its script does not have.",
        "Windmill drops it silently.",
        "Correct the name.",
    ),
    "WM415": Rule("A step is not given an input that its script needs.", "It arrives as None.", "Add it."),
    "WM416": Rule(
        "A setting of the step stands inside its `value`.",
        "Windmill ignores it there.",
        "Move it up, beside `value`.",
    ),
    "WM420": Rule(
        "The last step sleeps or suspends.",
        "Deployed, it does not; only a preview waits.",
        "Add a step after it, such as an identity.",
    ),
    "WM421": Rule(
        "A loop of one step has a retry.",
        "Deployed, the retry runs without the flow's arguments.",
        "Put the retry on the step inside.",
    ),
    "WM422": Rule("A step has timeout 0.", "It ends the moment it starts.", "Give it a second or more."),
    "WM423": Rule(
        "A parallel loop has parallelism 0.", "It starts nothing, and the flow hangs.", "Have at least 1."
    ),
    "WM424": Rule(
        "previous_result in a loop of one step.",
        "It is another value deployed than in a preview.",
        "Name the step: results.<id>.",
    ),
    "WM501": Rule("An expression is empty or does not compile.", "The step fails.", "Correct it."),
    "WM502": Rule(
        "results.x stands inside a function.",
        "Windmill turns it into an await, which a plain function may not hold.",
        "Copy it to a const before.",
    ),
    "WM503": Rule(
        "results[...] is not written with a double-quoted name.",
        "It stays an unresolved promise.",
        'Write results.id or results["id"].',
    ),
    "WM504": Rule(
        "A condition has a `;` or a return.",
        "Windmill runs it as Boolean(...).",
        "Write one expression.",
    ),
    "WM505": Rule("An expression begins with a // comment.", "It is null.", "Use /* */."),
    "WM506": Rule(
        "An expression ends with a // comment.", "It swallows what Windmill puts after it.", "Use /* */."
    ),
    "WM507": Rule("An expression names a step that is not there.", "It is null.", "Correct the id."),
    "WM508": Rule(
        "An expression names a step inside a loop or branch from outside.",
        "It is the last run's, or null.",
        "Use the result of the loop or branch itself.",
    ),
    "WM509": Rule("An expression names a step that has not run yet.", "It is null.", "Use an earlier step."),
    "WM510": Rule(
        "`resume` or `resumes` is used later than right after the step that suspends.",
        "It does not exist there.",
        "Read it there, and hand it on as a result.",
    ),
    "WM511": Rule("A retry or sleep uses `results`.", "There is none.", "Use `result`, the step's own."),
    "WM512": Rule("An expression has a `;` and no return.", "It is null.", "Add the return."),
    "WM513": Rule(
        "An expression reads an input that the form does not have.",
        "It is null unless a caller sends it all the same.",
        "Correct the name, or add it to the schema.",
    ),
    "WM603": Rule(
        "The preprocessor takes something else than `event`.",
        "Windmill hands the request over under that name.",
        "Write `def preprocessor(event: dict)`.",
    ),
    "WM604": Rule(
        "A schedule or route runs what is not there.", "It fails each time.", "Correct script_path."
    ),
    "WM605": Rule(
        "A schedule has another number of fields than its cron version.",
        "Windmill refuses it, or reads it as another time.",
        "Begin with seconds: `0 0 2 * * *` is 02:00 every night.",
    ),
    "WM701": Rule(
        "A file or folder name cannot be a Python name.",
        "Other scripts cannot import it.",
        "Use lowercase letters, digits and _.",
    ),
    "WM702": Rule(
        "There is an __init__.py.",
        "Windmill would deploy it as a script.",
        "Delete it: imports work without.",
    ),
    "WM703": Rule(
        "A resource or variable that no push sends, or whose push overwrites a credential.",
        "It never arrives, or a placeholder takes the place of the real value.",
        "Keep it in resources/live and create it with `mill resources push`; keep credentials in variables.",
    ),
    "WM704": Rule(
        "A folder has no folder.meta.yaml.",
        "Nobody sees what it is for.",
        "Run `wmill folder add-missing`.",
    ),
    "WM705": Rule(
        "A script has the name of a file of the whole workspace.",
        "Its form and lock are not deployed, and a pull empties the lock.",
        "Give it another name.",
    ),
    "WM706": Rule(
        "A CI test's first lines name a script or flow that is not here.",
        "No deploy would ever start the test.",
        "Name what there is: `# test: script/f/folder/name` or `flow/f/folder/**`.",
    ),
    "WM801": Rule(
        "A file holds what looks like a credential.",
        "Everybody who reads the repository has it.",
        "Keep it in a variable: `$var:f/folder/name`.",
    ),
    "WM901": Rule("A page may run what is not there.", "What the person does on it fails.", "Correct path."),
    "WM902": Rule("A page has no index.tsx.", "A push fails.", "Add it; it draws the page into #root."),
    "WM903": Rule(
        "A page's package.json has another version of a package than package-lock.json.",
        "What is deployed is built of other code than what was tested here.",
        "Write the version of the lock.",
    ),
    "WM904": Rule(
        "A page does not say as whom it runs.",
        "A first push lets everybody who opens it run its scripts as the one who pushed.",
        "Write `policy: {execution_mode: viewer}`, and name raw_app.yaml under excludes in wmill.yaml.",
    ),
}
