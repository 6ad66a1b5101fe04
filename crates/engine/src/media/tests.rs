use zeroize::Zeroizing;

use super::*;
use crate::EpochKeys;
use crate::components::GroupImage;

fn epoch(secret: [u8; 32]) -> EpochKeys {
    EpochKeys { group_event: Zeroizing::new([0; 32]), media: Zeroizing::new(secret) }
}

fn photo() -> MediaDescription {
    MediaDescription { mime: "Image/JPG; q=1".into(), file_name: " Photo.JPG ".into() }
}

fn announced() -> (SealedMedia, Vec<String>) {
    let mut sealed = Attachment::seal(&epoch([7; 32]), &photo(), b"pixels").unwrap().unwrap();
    assert!(sealed.attachment.stored_at("blossom-v1", "https://blossom.example/x.bin"));
    let tag = sealed.attachment.tag();
    (sealed, tag)
}

#[test]
fn vectors_a11_a_media_key() {
    let binding = Binding { plaintext_hash: &[0x22; 32], mime: "image/jpeg", file_name: " Photo.JPG " };
    let key = binding.key(&[7; 32]).unwrap();
    assert_eq!(hex::encode(*key), "5fcb5672b9cb2b3ac7915fd9c97697877837f7fb1312034486f400f601cd16b5");
    let aad = [b"encrypted-media-v2\0".as_slice(), &[0x22; 32], b"\0image/jpeg\0 Photo.JPG "].concat();
    assert_eq!(binding.authenticated(), aad);
}

#[test]
fn what_is_sealed_is_announced_and_opened_with_the_epochs_secret_only() {
    let (sealed, tag) = announced();
    let read = Attachment::parse(&tag).unwrap();
    assert!(read == sealed.attachment);
    assert_eq!((read.mime(), read.file_name()), ("image/jpeg", " Photo.JPG "));
    assert_eq!(read.open(&epoch([7; 32]), &sealed.blob).as_deref(), Ok(b"pixels".as_slice()));
    assert_eq!(read.open(&epoch([8; 32]), &sealed.blob), Err(MediaRefused::Unreadable));
    let mut other = sealed.blob;
    other[0] ^= 1;
    assert_eq!(read.open(&epoch([7; 32]), &other), Err(MediaRefused::OtherFile));
}

#[test]
fn a_renamed_attachment_does_not_open() {
    let (sealed, mut tag) = announced();
    tag.iter_mut().filter(|element| element.starts_with("filename")).for_each(|element| *element = "filename other.jpg".into());
    assert_eq!(Attachment::parse(&tag).unwrap().open(&epoch([7; 32]), &sealed.blob), Err(MediaRefused::Unreadable));
}

#[test]
fn tags_that_are_not_canonical_are_refused() {
    let (_, tag) = announced();
    let with = |extra: &str| tag.iter().cloned().chain([extra.to_owned()]).collect::<Vec<_>>();
    let changed = |start: &str, to: &str| {
        tag.iter().map(|element| if element.starts_with(start) { to.to_owned() } else { element.clone() }).collect::<Vec<_>>()
    };
    let without = |start: &str| tag.iter().filter(|element| !element.starts_with(start)).cloned().collect::<Vec<_>>();
    assert!(Attachment::parse(&with("alt something")).is_ok(), "unknown elements are ignored");
    assert!(Attachment::parse(&with("dim 3x4")).is_ok_and(|read| read.dimensions() == Some((3, 4))));
    let name = tag.iter().find(|element| element.starts_with("filename")).unwrap();
    let mut hostile: Vec<Vec<String>> = ["v ", "locator", "ciphertext", "plaintext", "nonce", "m ", "filename"].map(without).into();
    hostile.extend([with("blurhash x"), with(name), with("v encrypted-media-v2"), with("dim"), Vec::new(), vec!["e".into()]]);
    hostile.extend([
        changed("m ", "m image/jpg"),
        changed("m ", "m Image/jpeg"),
        changed("nonce", "nonce 00"),
        changed("v ", "v encrypted-media-v1"),
        changed("filename", "filename "),
        changed("filename", &format!("filename {}", "n".repeat(256))),
        changed("filename", "filename a\0b"),
        changed("locator", "locator blossom-v1"),
        changed("locator", "locator Blossom https://x/"),
        changed("plaintext", &format!("plaintext_sha256 {}", "AB".repeat(32))),
        tag.iter().cloned().chain((0..MAX_LOCATORS).map(|n| format!("locator blossom-v1 https://x/{n}"))).collect(),
        tag.iter().cloned().chain((0..100_000).map(|n| format!("x{n} y"))).collect(),
        with(&format!("alt {}", "x".repeat(5_000_000))),
    ]);
    for tag in hostile {
        assert!(Attachment::parse(&tag).is_err(), "{:?}", tag.iter().take(9).collect::<Vec<_>>());
    }
}

#[test]
fn a_groups_picture_opens_with_the_components_keys() {
    let (image, blob) = GroupImage::seal("image/png", b"a marmot").unwrap().unwrap();
    let read = GroupImage::decode(&image.encode()).unwrap();
    assert!(read == image);
    assert_eq!(read.open(&blob), Ok(Some(b"a marmot".to_vec())));
    assert_eq!(read.open(b"something else"), Err(MediaRefused::OtherFile));
    assert_eq!(GroupImage::decode(&[0; 5]).unwrap().open(b""), Ok(None));
    assert_eq!(GroupImage::none().encode(), [0; 5]);
}
