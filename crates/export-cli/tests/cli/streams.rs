//! Files of several streams.

use serde::Serialize;

use crate::harness::Place;

#[derive(Serialize)]
struct Step {
    step: u32,
    voltage: f64,
}

#[derive(Serialize)]
struct Spike<'a> {
    neuron: &'a str,
}

/// `steps` with three rows and `spikes` with two.
fn place() -> Place {
    let place = Place::new();
    let recorder = exportkit::Recorder::create(place.path("run.xk")).unwrap();
    let mut steps = recorder.stream::<Step>("steps").unwrap();
    let mut spikes = recorder.stream::<Spike<'_>>("spikes").unwrap();
    for step in 0..3 {
        let voltage = f64::from(step) / 2.0;
        steps.push(&Step { step, voltage }).unwrap();
    }
    for neuron in ["a", "b"] {
        spikes.push(&Spike { neuron }).unwrap();
    }
    drop(recorder);
    steps.finish().unwrap();
    spikes.finish().unwrap();
    place
}

#[test]
fn every_stream_is_shown() {
    let place = place();
    let info = place.run("info run.xk --json").succeeds().json();
    let names: Vec<_> = info["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["name"])
        .collect();
    assert_eq!(names, ["steps", "spikes"]);
    let schema = place.run("schema run.xk").succeeds();
    assert!(
        schema.text().contains("stream steps\n") && schema.text().contains("\nstream spikes\n"),
        "{}",
        schema.text()
    );
    place.run("du run.xk").succeeds();
    place.run("verify run.xk --deep").succeeds();
    let table = "step  voltage\n   2        1\n\nspikes\nneuron\nb\n";
    assert_eq!(
        place
            .run("tail run.xk -n 1 --format table")
            .succeeds()
            .text(),
        table
    );
    for command in ["head", "tail", "cat", "sample"] {
        let document = place
            .run(&format!("{command} run.xk --json"))
            .succeeds()
            .json();
        let rows = |at: usize| document["streams"][at]["rows"].as_array().unwrap().len();
        assert_eq!((rows(0), rows(1)), (3, 2), "{command}");
    }
}

#[test]
fn formats_of_one_stream_ask_which() {
    let place = place();
    for words in [
        "head run.xk --format csv",
        "tail run.xk --format csv",
        "cat run.xk --format csv",
    ] {
        let run = place.run(words).exits(2);
        assert!(
            run.stderr.contains("steps") && run.stderr.contains("spikes"),
            "{}",
            run.stderr
        );
    }
    let run = place
        .run("cat run.xk --stream spikes --format csv")
        .succeeds();
    assert_eq!(run.text(), "neuron\na\nb\n");
    let run = place
        .run("head run.xk --stream steps --columns voltage -n 2 --format csv")
        .succeeds();
    assert_eq!(run.text(), "voltage\n0\n0.5\n");
    place
        .run("convert run.xk out.parquet")
        .fails(2, &["steps", "spikes"]);
    place
        .run("convert run.xk out.parquet --stream steps")
        .succeeds();
    place
        .run("tail -f run.xk")
        .fails(2, &["one stream", "--stream: steps, spikes"]);
    place
        .run("head run.xk --stream spike")
        .fails(1, &["no stream", "did you mean \"spikes\""]);
}

#[test]
fn streams_stay_apart_on_the_way() {
    let place = place();
    place.run("convert run.xk copy.xk").succeeds();
    let all = |file: &str| place.run(&format!("cat {file} --json")).succeeds().stdout;
    assert_eq!(all("run.xk"), all("copy.xk"));
}
