//! Cost of one look: making the input alone, and the whole look, per model
//! and engine. Needs the shared test data; without it nothing is measured.

use std::path::Path;

use divan::Bencher;
use jpeg::{Decoder, Limits, Planes, Scale};
use vision::detect::{Backend, Detector, InputMaker, Manifest, OrtBackend, RtenBackend};

const MODELS: [&str; 2] = ["yolox-nano", "nanodet-plus-m"];

fn main() {
    divan::main();
}

/// A 1080p photograph at a quarter: 480x270.
fn planes() -> Option<Planes> {
    let folder = testkit::shared_data("media/stills_1080p")?;
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("folder is readable")
        .map(|entry| entry.expect("entry is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .collect();
    names.sort();
    let bytes = std::fs::read(names.first()?).expect("picture is readable");
    let mut planes = Planes::default();
    let mut decoder = Decoder::new(Limits::default()).expect("decoder");
    decoder
        .planes(&bytes, Scale::Quarter, &mut planes)
        .expect("picture decodes");
    Some(planes)
}

fn manifest(name: &str) -> Manifest {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/manifests");
    let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).expect("manifest");
    Manifest::parse(&text).expect("good manifest")
}

fn look(bencher: Bencher<'_, '_>, name: &str, load: impl Fn(&[u8], &str) -> Box<dyn Backend>) {
    let manifest = manifest(name);
    let path = testkit::shared_data(&format!("models/{}", manifest.file));
    let (Some(planes), Some(path)) = (planes(), path) else {
        return;
    };
    let model = std::fs::read(path).expect("model is readable");
    let backend = load(&model, &manifest.input.name);
    let mut detector = Detector::new(manifest, backend);
    bencher.bench_local(|| detector.planes(&planes).expect("picture is searched"));
}

#[divan::bench]
fn make_input_480x270_to_416x256(bencher: Bencher<'_, '_>) {
    let Some(planes) = planes() else {
        return;
    };
    let mut maker = InputMaker::new(manifest("yolox-nano").input);
    bencher.bench_local(|| maker.make_from_planes(&planes).expect("input is made"));
}

#[divan::bench(args = MODELS)]
fn whole_look_in_ort(bencher: Bencher<'_, '_>, name: &str) {
    let Ok(ort) = runtime::onnx_runtime() else {
        return;
    };
    look(bencher, name, |model, input| {
        let loaded = OrtBackend::from_bytes(model, ort.environment(), input);
        Box::new(loaded.expect("model loads"))
    });
}

#[divan::bench(args = MODELS)]
fn whole_look_in_rten(bencher: Bencher<'_, '_>, name: &str) {
    look(bencher, name, |model, input| {
        Box::new(RtenBackend::from_bytes(model, input).expect("model loads"))
    });
}
