//! The commands of docs/TUTORIAL.md, run as a reader would: what the page prints must work.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::Bench;
use crate::{
    deployment,
    failure::{Doing, Failure, Outcome},
};

const PAGE: &str = "docs/TUTORIAL.md";
/// Every loop of the page is bounded, together by some fifteen minutes: beyond it something hangs.
const LONGEST: &str = "1200";

/// Runs every `sh` block in order, in one `bash -eu`, against the bench's instance.
pub(super) fn run(bench: &Bench<'_>) -> Outcome {
    let page = bench.root.join(PAGE);
    let script = script(&fs::read_to_string(&page).doing("reading", &page)?);
    if script.is_empty() {
        return Err(Failure::Refused(format!("{PAGE} has no sh blocks")));
    }
    let path = bench.context.instance.folder.join("tutorial.sh");
    fs::write(&path, script).doing("writing", &path)?;
    let mut command = Command::new("timeout");
    command.args([LONGEST, "bash", "-eu"]).arg(&path).current_dir(bench.root).stdin(Stdio::null());
    command.env("VACANCY_ENDPOINTS", deployment::endpoints_file(&bench.context.instance));
    let status = command.status().doing("running", Path::new(PAGE))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Refused(format!("the last `--- {PAGE}` above shows the block: {status}")))
    }
}

/// The lines of all blocks fenced as `sh`, each block behind a command that says where it stands.
fn script(page: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for (number, line) in (1_u32..).zip(page.lines()) {
        match (inside, line) {
            (false, "```sh") => {
                inside = true;
                script.extend(["echo '--- ", PAGE, ":", &number.to_string(), "'\n"]);
            }
            (true, "```") => inside = false,
            (true, command) => script.extend([command, "\n"]),
            (false, _) => {}
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_commands_are_taken_in_order_each_with_its_place() {
        let page = "# T\n```sh\nA=1\n```\ntext\n```json\n{}\n```\n```sh\necho $A\n\n```\n";
        let wanted =
            "echo '--- docs/TUTORIAL.md:2'\nA=1\necho '--- docs/TUTORIAL.md:9'\necho $A\n\n".to_owned();
        assert_eq!(script(page), wanted);
    }
}
