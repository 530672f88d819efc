//! `/openapi.json` in itself: valid, complete, and of one mind with the routes, their rules and the
//! error codes.

use std::collections::BTreeSet;

use model_router::store::Action;
use serde_json::Value;

use super::matrix::pages::PAGES;
use super::matrix::registered;
use super::matrix::rules::{RULES, Rule};
use super::openapi::Document;
use super::router::{Router, chunks};

const META: &str = include_str!("openapi/schema-3.1.json");

/// Every value of the document, with the path to it.
fn walk<'a>(value: &'a Value, path: &str, each: &mut impl FnMut(&str, &'a Value)) {
    each(path, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            walk(value, &format!("{path}/{name}"), each);
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| walk(value, &format!("{path}/{index}"), each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[actix_web::test]
async fn it_is_valid_openapi_and_every_reference_leads_somewhere() {
    let document = Document::of(&Router::start().await).await;
    let meta: Value = serde_json::from_str(META).unwrap();
    let validator = jsonschema::validator_for(&meta).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document.whole)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document.whole["info"]["version"], env!("CARGO_PKG_VERSION"));

    let mut used = BTreeSet::new();
    walk(&document.whole, "", &mut |path, value| {
        if let Some(to) = value["$ref"].as_str() {
            used.insert(to.to_owned());
            document.resolve(value);
        }
        if let Some(Value::Object(mapping)) = value.pointer("/discriminator/mapping") {
            for to in mapping.values().filter_map(Value::as_str) {
                assert!(document.whole.pointer(&to[1..]).is_some(), "{path}: {to}");
            }
        }
    });
    for (kind, parts) in document.whole["components"].as_object().unwrap() {
        for name in parts.as_object().unwrap().keys() {
            let to = format!("#/components/{kind}/{name}");
            // A path that takes another method is no operation.
            let free = kind == "securitySchemes" || name == "MethodNotAllowed";
            assert!(free || used.contains(&to), "{to} is used by nobody");
        }
    }
}

#[actix_web::test]
async fn every_schema_compiles_and_every_example_is_true_to_its_schema() {
    let document = Document::of(&Router::start().await).await;
    for (name, schema) in document.whole["components"]["schemas"].as_object().unwrap() {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        document.validator(schema);
        for example in schema["examples"].as_array().into_iter().flatten() {
            document.hold(schema, example, name);
        }
    }
    let mut examples = 0;
    walk(&document.whole["paths"], "", &mut |path, value| {
        // What has a schema beside an example is a body, a parameter or a header.
        let schema = &value["schema"];
        if schema.is_null() || path.contains("/schema/") {
            return;
        }
        let several = value["examples"].as_object().into_iter().flatten();
        let several = several.map(|(_, example)| &example["value"]);
        for example in several.chain(value.get("example")) {
            document.hold(schema, example, path);
            examples += 1;
        }
    });
    assert!(examples > 30, "{examples}");
    let pointer = "/paths/~1v1~1chat~1completions/post/responses/200/content/text~1event-stream";
    let stream = document.whole.pointer(pointer).unwrap();
    let chunk = &stream["x-itemSchema"]["properties"]["data"]["contentSchema"];
    for example in chunks(stream["example"].as_str().unwrap()) {
        document.hold(chunk, &example, "the stream");
    }
}

/// Schemas that allow members beside theirs: OpenAI's, of which the router passes on what it does
/// not know, and those that others are made of and closed by.
const OPEN: &[&str] = &[
    "AccountFields",
    "AnswerMessage",
    "ApiKeyFields",
    "AssistantMessage",
    "AudioPart",
    "AutoRechargeFields",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatRequest",
    "ChatUsage",
    "Choice",
    "ChunkChoice",
    "EmbeddingsRequest",
    "FilePart",
    "FunctionDefinition",
    "FunctionMessage",
    "GenerationFields",
    "ImagePart",
    "InstructionMessage",
    "NamedToolChoice",
    "RefusalPart",
    "ResponseFormat",
    "TextPart",
    "Tool",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
];

#[actix_web::test]
async fn a_schema_of_ours_allows_no_member_that_it_does_not_name() {
    let document = Document::of(&Router::start().await).await;
    for (name, schema) in document.whole["components"]["schemas"].as_object().unwrap() {
        let mut open = Vec::new();
        walk(schema, "", &mut |path, value| {
            let closed = ["additionalProperties", "unevaluatedProperties"];
            let closed = closed.iter().any(|keyword| value[*keyword] == false);
            if value["properties"].is_object() && value["type"] == "object" && !closed {
                open.push(path.to_owned());
            }
        });
        let allowed = OPEN.contains(&name.as_str());
        assert_eq!(!open.is_empty(), allowed, "{name} is open at {open:?}");
    }
}

#[actix_web::test]
async fn it_says_of_every_operation_what_a_reader_needs() {
    let document = Document::of(&Router::start().await).await;
    let tags: BTreeSet<&str> = document.whole["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for ((method, path), operation) in document.operations() {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} names two operations");
        used.insert(operation["tags"][0].as_str().unwrap());
        for name in ["summary", "description"] {
            assert_ne!(
                operation[name].as_str().unwrap_or_default(),
                "",
                "{what}: {name}"
            );
        }
        assert!(operation["security"].is_array(), "{what}: who may call it?");
        let wanted = path.matches('{').count();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let found = parameters.filter(|parameter| document.resolve(parameter)["in"] == "path");
        assert_eq!(found.count(), wanted, "{what}");
        let responses = operation["responses"].as_object().unwrap();
        for response in responses
            .values()
            .map(|response| document.resolve(response))
        {
            let id = document.resolve(&response["headers"]["X-Request-Id"]);
            assert_eq!(id["required"], true, "{what}");
        }
    }
    assert_eq!(used, tags);
}

/// What pages ask of the router by themselves: forms and what they load.
fn is_of_a_page(method: &str, path: &str) -> bool {
    let form = method == "POST" && !path.starts_with("/v1") && !path.starts_with("/admin");
    let same_as_v1 = ["/chat/completions", "/embeddings"].contains(&path);
    let personal = PAGES.iter().any(|page| (page.0, page.1) == (method, path));
    let csv = path.starts_with("/dashboard/");
    (form && !same_as_v1) || path == "/assets/{name}" || personal || csv
}

/// Paths as the document writes them.
fn written(path: &str) -> String {
    path.replace("{id:.+}", "{id}")
}

#[actix_web::test]
async fn it_has_every_route_and_nothing_else() {
    let document = Document::of(&Router::start().await).await;
    let said: BTreeSet<(String, String)> = document
        .operations()
        .into_keys()
        .filter(|(method, _)| method != "HEAD")
        .collect();
    let served: BTreeSet<(String, String)> = registered()
        .into_iter()
        .filter(|(method, path)| !is_of_a_page(method, path))
        .map(|(method, path)| (method, written(&path)))
        // The dashboard registers its own paths.
        .chain([("GET".to_owned(), "/dashboard".to_owned())])
        .collect();
    assert_eq!(said, served);
}

#[actix_web::test]
async fn head_is_documented_where_it_is_served() {
    let router = Router::start().await;
    let document = Document::of(&router).await;
    for path in document.whole["paths"].as_object().unwrap().keys() {
        let url = format!(
            "{}{}",
            router.url,
            path.replace("{id}", "x")
                .replace("{topic}", "tiers")
                .replace("{name}", "x")
        );
        let response = router.client.head(url).send().await.unwrap();
        let served = response.status() != 405;
        let said = document.whole["paths"][path].get("head").is_some();
        assert_eq!(said, served, "HEAD {path}: {}", response.status());
    }
}

#[actix_web::test]
async fn who_may_call_is_what_the_routes_enforce() {
    let document = Document::of(&Router::start().await).await;
    let operations = document.operations();
    let api = RULES.iter().filter(|rule| !is_of_a_page(rule.0, rule.1));
    for (method, path, rule, _) in api {
        let operation = operations[&((*method).to_owned(), written(path))];
        let alternatives = operation["security"].as_array().unwrap();
        let said: BTreeSet<&str> = alternatives
            .iter()
            .filter_map(|scheme| scheme.as_object().unwrap().keys().next())
            .map(String::as_str)
            .collect();
        let wanted: &[&str] = match rule {
            // Programs on the same machine need no token.
            Rule::Everyone if *path == "/metrics" => &["adminToken"],
            Rule::Everyone => &[],
            Rule::Key | Rule::KeyRead => &["apiKey", "xApiKey"],
            Rule::Session => &["sessionCookie", "sessionToken"],
            Rule::Owner => &["apiKey", "sessionCookie", "sessionToken", "xApiKey"],
            Rule::Operator => &["adminToken"],
        };
        assert_eq!(said, wanted.iter().copied().collect(), "{method} {path}");
        if *rule == Rule::KeyRead {
            assert_eq!(alternatives[0]["apiKey"][0], "read", "{method} {path}");
        }
    }
}

/// The rows of `Code::row`: status, type, code.
fn code_rows() -> BTreeSet<(u64, String, String)> {
    let source = include_str!("../../src/http/error/code.rs");
    let start = source.find("fn row(self)").unwrap();
    let rows = &source[start..start + source[start..].find("\n    }\n").unwrap()];
    let mut found = BTreeSet::new();
    for row in rows.split("=> (").skip(1) {
        let row = row.split(')').next().unwrap();
        let [status, kind, code] = row.split(',').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let kind = kind
            .trim_matches('"')
            .replace("REQUEST", "invalid_request_error");
        let code = code.trim_matches('"').to_owned();
        found.insert((status.parse().unwrap(), kind, code));
    }
    found
}

#[actix_web::test]
async fn its_error_codes_are_those_of_the_program() {
    let document = Document::of(&Router::start().await).await;
    let components = &document.whole["components"];
    let mut said = BTreeSet::new();
    let mut words = BTreeSet::new();
    for response in components["responses"].as_object().unwrap().values() {
        let schema = &response["content"]["application/json"]["schema"];
        let error = &schema["allOf"][1]["properties"]["error"]["properties"];
        let kind = error["type"]["const"].as_str().unwrap();
        for code in error["code"]["enum"].as_array().unwrap() {
            said.insert((kind.to_owned(), code.as_str().unwrap().to_owned()));
            words.insert(code.as_str().unwrap());
        }
    }
    let rows = code_rows();
    assert!(rows.len() > 35, "{}", rows.len());
    let served = rows
        .iter()
        .map(|(_, kind, code)| (kind.clone(), code.clone()));
    assert_eq!(said, served.collect());
    let listed = &components["schemas"]["Error"]["properties"]["error"]["properties"]["code"];
    let listed = listed["enum"].as_array().unwrap().iter();
    assert_eq!(
        listed.filter_map(Value::as_str).collect::<BTreeSet<_>>(),
        words
    );
    for (status, _, code) in rows {
        let allowed = document.operations().into_values().any(|operation| {
            let response = document.resolve(&operation["responses"][status.to_string()]);
            response.to_string().contains(&format!("{code:?}"))
        });
        assert!(
            allowed || status == 405,
            "no operation answers {status} {code}"
        );
    }
}

#[actix_web::test]
async fn its_words_of_the_audit_log_are_those_of_the_program() {
    let document = Document::of(&Router::start().await).await;
    let said = document.whole["components"]["schemas"]["AuditAction"]["enum"].as_array();
    let said: BTreeSet<&str> = said.unwrap().iter().filter_map(Value::as_str).collect();
    let all = Action::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(said, all);
}

#[actix_web::test]
async fn it_is_served_with_a_version_that_caches_ask_for() {
    let router = Router::start().await;
    let url = format!("{}/openapi.json", router.url);
    let get = || {
        router
            .client
            .get(&url)
            .header("origin", "https://example.com")
    };
    let first = get().send().await.unwrap();
    assert_eq!(first.headers()["content-type"], "application/json");
    assert_eq!(first.headers()["cache-control"], "public, max-age=300");
    assert_eq!(first.headers()["access-control-allow-origin"], "*");
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"old\", {tag}"),
        "*".to_owned(),
    ] {
        let again = get().header("if-none-match", &known).send().await.unwrap();
        assert_eq!(again.status(), 304, "{known}");
        assert_eq!(again.headers()["etag"], tag.as_str());
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
    for other in ["\"old\"", "", "no tag"] {
        let again = get().header("if-none-match", other).send().await.unwrap();
        assert_eq!(again.status(), 200, "{other}");
    }
    let head = router.client.head(&url).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["etag"]),
        (200, first.headers().get("etag").unwrap())
    );
}
