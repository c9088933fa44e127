//! Crashes and mistakes on purpose: none without the feature, and with it only what has a name.

#[cfg(feature = "planted_faults")]
mod with_the_feature {
    use std::{io::Read as _, net::TcpListener, os::unix::process::ExitStatusExt as _, process::Stdio};

    use crate::{PATIENCE, Serving, program, serve};

    #[test]
    fn a_name_that_is_not_known_refuses_to_start_and_tells_all_names() {
        for (variable, value, named) in [
            ("VACANCY_CRASH_POINT", "after-lunch:1", "before-commit"),
            ("VACANCY_CRASH_POINT", "before-commit", "before-commit"),
            ("VACANCY_PLANTED_FAULT", "after-load", "memory-kept"),
            ("VACANCY_PLANTED_FAULT", "", "memory-kept"),
        ] {
            let settings = [("GATE", "127.0.0.1:1"), ("KIT__AUTH__JWKS_URL", "https://id.test/k")];
            let output = program(&["check-config"], &settings).env(variable, value).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(variable) && said.contains(named), "{said}");
        }
    }

    #[tokio::test]
    async fn a_process_kills_itself_when_it_passes_its_point_for_the_nth_time() {
        let gate = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = serve(gate.local_addr().unwrap());
        command.env("VACANCY_CRASH_POINT", "before-answers:2").stderr(Stdio::piped());
        let mut serving = Serving::of(&mut command);
        let client = platform::http_client::http_client(PATIENCE).unwrap();
        let url = format!("http://{}/v1/gated", serving.address);
        let first = tokio::spawn(client.get(&url).send());
        drop(tokio::task::spawn_blocking(move || gate.accept()).await.unwrap().unwrap());
        assert_eq!(first.await.unwrap().unwrap().status(), 204);
        assert!(client.get(&url).send().await.is_err(), "nobody is there to answer");
        assert_eq!(serving.child.wait().unwrap().signal(), Some(9));
        let mut said = String::new();
        serving.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains("crash point before-answers reached"), "{said}");
    }
}

#[cfg(not(feature = "planted_faults"))]
mod without_the_feature {
    use platform::planted::{Fault, Point, crash_at, makes};

    use crate::program;

    #[test]
    fn nothing_can_be_planted_and_the_compiler_knows_it() {
        const NOTHING: bool = {
            crash_at(Point::AfterCommit);
            !makes(Fault::MissingGuard)
        };
        const { assert!(NOTHING) };
        let settings = [("GATE", "127.0.0.1:1"), ("KIT__AUTH__JWKS_URL", "https://id.test/k")];
        let mut asked = program(&["check-config"], &settings);
        asked.env("VACANCY_CRASH_POINT", "nowhere:1").env("VACANCY_PLANTED_FAULT", "nothing");
        assert!(asked.status().unwrap().success(), "nobody reads it");
        assert_eq!(
            program(&["planted-faults"], &settings).status().unwrap().code(),
            Some(2),
            "no such command"
        );
    }
}
