use super::*;

fn written(content: &str, wanted: ProfileFields) -> Value {
    let content = serde_json::from_str(content).unwrap();
    Value::Object(edited(Draft { content, tags: Vec::new() }, &wanted).content)
}

#[test]
fn what_other_apps_wrote_stays_and_what_was_not_touched_is_not_rewritten() {
    let before = r#"{"name":"anna","display_name":"Anna","lud16":"a@b.c","about":" spaced ","bot":false}"#;
    let same = fields(&serde_json::from_str(before).unwrap());
    assert_eq!(written(before, same.clone()), serde_json::from_str::<Value>(before).unwrap());
    let next = written(before, ProfileFields { name: "Anna B.".into(), about: String::new(), ..same });
    assert_eq!(next, serde_json::json!({ "name": "anna", "display_name": "Anna B.", "lud16": "a@b.c", "bot": false }));
    // Who takes the name away is not called by the short one.
    let nameless = written(before, ProfileFields::default());
    assert_eq!(nameless, serde_json::json!({ "lud16": "a@b.c", "bot": false }));
    assert_eq!(written("{}", ProfileFields { name: "Ben".into(), ..ProfileFields::default() }), serde_json::json!({ "name": "Ben" }));
}

#[test]
fn what_cannot_be_published_is_refused_with_what_to_do() {
    let with = |change: fn(&mut ProfileFields)| {
        let mut fields = ProfileFields { name: " Anna ".into(), picture: " https://a.example/x.png".into(), ..ProfileFields::default() };
        change(&mut fields);
        checked(fields)
    };
    let fine = with(|_| {}).unwrap();
    assert_eq!((fine.name.as_str(), fine.picture.as_str()), ("Anna", "https://a.example/x.png"));
    for wrong in [
        |fields: &mut ProfileFields| fields.picture = "http://a.example/x.png".into(),
        |fields: &mut ProfileFields| fields.website = "a.example".into(),
        |fields: &mut ProfileFields| fields.address = "a.example".into(),
        |fields: &mut ProfileFields| fields.name = "two\nlines".into(),
    ] {
        assert_eq!(with(wrong).unwrap_err().code, ErrorCode::InvalidInput);
    }
    assert_eq!(with(|fields| fields.about = "x".repeat(MAX_ABOUT + 1)).unwrap_err().code, ErrorCode::TooLarge);
}
