//! The search index's mapping: only what Elasticsearch's core has, so that `OpenSearch` takes it too (stack.md).
//!
//! `_meta.version` is raised with each change: an index that says a lower one than the program is told of, and brought up
//! to date by `migrate` or, where a field's meaning changed, by a rebuild.

/// Settings and mappings of the index as JSON.
pub const SEARCH_MAPPING: &str = include_str!("../search/mapping.json");

/// [`SEARCH_MAPPING`] with the number of shards and replicas put in.
pub fn search_mapping(shards: u16, replicas: u16) -> Result<serde_json::Value, serde_json::Error> {
    let mut body: serde_json::Value = serde_json::from_str(SEARCH_MAPPING)?;
    if let Some(settings) = body.get_mut("settings").and_then(serde_json::Value::as_object_mut) {
        settings.insert("number_of_shards".to_owned(), shards.into());
        settings.insert("number_of_replicas".to_owned(), replicas.into());
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_takes_its_shards_and_refuses_unknown_fields() {
        let body = search_mapping(3, 1).unwrap();
        assert_eq!(body["settings"]["number_of_shards"], 3);
        assert_eq!(body["mappings"]["dynamic"], "strict");
        assert!(body["mappings"]["_meta"]["version"].is_u64());
    }
}
