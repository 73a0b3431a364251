//! `deploy/image/build.sh`: an image in the OCI layout, made without a container engine. The program in it is a small one
//! here; what `make bench` measures is the real one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

fn build(work: &Path, file: &str, program: &str) -> Output {
    fs::write(work.join("ca.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/image/build.sh");
    let mut command = Command::new(script);
    command.arg(work.join(file)).env("PROGRAM", work.join(program)).env("CERTIFICATES", work.join("ca.pem"));
    command.env("NAME", "registry.example.com/dli-operator:v9").output().unwrap()
}

fn unpack(archive: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    assert!(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(into).status().unwrap().success());
}

/// The blob that a descriptor names, which has the digest and the size that it says.
fn blob(image: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let path = image.join("blobs/sha256").join(digest);
    let content = fs::read(&path).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&content)), digest);
    assert_eq!(descriptor["size"], content.len());
    path
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn an_image_holds_the_program_and_certificates_and_is_the_same_each_time() {
    let work = tempfile::tempdir().unwrap();
    let (work, program) = (work.path(), work.path().join("program"));
    fs::write(&program, "#!/bin/sh\necho here I am\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    for file in ["one.tar", "two.tar"] {
        let output = build(work, file, "program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(fs::read(work.join("one.tar")).unwrap() == fs::read(work.join("two.tar")).unwrap(), "another image");

    let image = work.join("image");
    unpack(&work.join("one.tar"), &image);
    assert_eq!(json(&image.join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = json(&image.join("index.json"));
    let manifest = &index["manifests"][0];
    assert_eq!(manifest["annotations"]["io.containerd.image.name"], "registry.example.com/dli-operator:v9");
    assert_eq!(manifest["annotations"]["org.opencontainers.image.ref.name"], "v9");
    let manifest = json(&blob(&image, manifest));
    let config = json(&blob(&image, &manifest["config"]));
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/dli-operator"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    let layer = blob(&image, &manifest["layers"][0]);
    let mut plain = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(fs::File::open(&layer).unwrap()), &mut plain).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", hex::encode(Sha256::digest(&plain))));

    let tree = work.join("tree");
    unpack(&layer, &tree);
    let inside = tree.join("dli-operator");
    assert_eq!(fs::metadata(&inside).unwrap().permissions().mode() & 0o777, 0o755, "any user can run it");
    assert_eq!(Command::new(&inside).output().unwrap().stdout, b"here I am\n");
    assert!(tree.join("etc/ssl/certs/ca-certificates.crt").is_file());
}

#[test]
fn without_a_program_there_is_no_image() {
    let work = tempfile::tempdir().unwrap();
    let output = build(work.path(), "image.tar", "nothing");
    assert!(!output.status.success() && !work.path().join("image.tar").exists());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("nothing cannot be run"), "{words}");
}
