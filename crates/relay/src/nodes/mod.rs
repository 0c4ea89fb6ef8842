//! Other airelays that this one guards: who they are, and what happens there.
//!
//! In: an address and a login, once; then a feed of changes for each node. Out:
//! their cameras, events, best shots, sightings and counts in our own store,
//! each exactly once; how each node does, in words.
//!
//! A task per node fetches pages and hands each to the store's thread, which
//! stores it with its cursor in one transaction. Whatever breaks in between, the
//! task goes on from the stored cursor.
//!
//! Not here: the feed itself (`web::feed`), what is stored (`store::node_feed`).

mod camera;
mod client;
mod error;
mod state;
mod task;
mod walk;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context as _;
use store::{FeedCursor, NodeProgress};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{CameraId, Clock, Timestamp};

pub(crate) use self::camera::{RelayedCamera, RelayedCameras};
pub(crate) use self::client::NodeClient;
pub(crate) use self::state::{NodeLink, NodeNotes, NodeState};
pub(crate) use self::walk::NodeWalk;

use self::task::NodeTask;
use self::walk::{Checked, walk};
use crate::deliver::{Book, Record};
use crate::secrets::Vault;
use crate::settings::{FieldErrors, NodeAddress, NodeDocument};
use crate::storage::Storage;
use crate::web::Changes;

/// Most nodes that one airelay guards.
pub(crate) const MAX_NODES: usize = 64;

/// A node's document with its id.
pub(crate) type NodeRecord = Record<NodeDocument>;

/// What the desk needs of the rest of the program.
#[derive(Clone, Debug)]
pub(crate) struct NodeParts {
    /// Rows.
    pub storage: Storage,
    /// Seals tokens.
    pub vault: Arc<Vault>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Cameras of the nodes, for names.
    pub relayed: RelayedCameras,
    /// Tells browsers that cameras are new or became otherwise.
    pub changes: Changes,
    /// How tokens at the nodes are called.
    pub guard_name: String,
}

/// Everything about other nodes; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct NodeDesk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    parts: NodeParts,
    book: Book<NodeDocument>,
    running: Mutex<Option<(TaskTracker, CancellationToken)>>,
    nodes: Mutex<BTreeMap<String, Node>>,
}

#[derive(Debug)]
struct Node {
    state: Arc<NodeState>,
    stop: CancellationToken,
}

/// Why a node was not registered or changed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A field cannot be used.
    Fields(FieldErrors),
    /// The node did not do its part; in words.
    Node(String),
    /// It would make no sense; in words.
    Conflict(String),
    /// Ours to mend.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Refusal::Broken(error)
    }
}

impl NodeDesk {
    /// The nodes in the store; nothing runs yet.
    pub(crate) fn new(parts: NodeParts) -> Self {
        let book = Book::new(parts.storage.clone(), Arc::clone(&parts.clock));
        NodeDesk {
            shared: Arc::new(Shared {
                parts,
                book,
                running: Mutex::default(),
                nodes: Mutex::default(),
            }),
        }
    }

    /// Knows the nodes' cameras and follows those that are switched on, until
    /// `stop`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn start(
        &self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        *lock(&self.shared.running) = Some((tasks.clone(), stop.clone()));
        for record in self.shared.book.list().await? {
            self.apply(&record).await?;
        }
        Ok(())
    }

    /// All nodes, by id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<NodeRecord>> {
        self.shared.book.list().await
    }

    /// One node.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn get(&self, id: &str) -> anyhow::Result<Option<NodeRecord>> {
        self.shared.book.get(id).await
    }

    /// How a node does.
    pub(crate) fn notes(&self, id: &str) -> NodeNotes {
        let state = lock(&self.shared.nodes)
            .get(id)
            .map(|node| Arc::clone(&node.state));
        state.map(|state| state.notes()).unwrap_or_default()
    }

    /// What a camera of a node does, where the node told it.
    pub(crate) fn camera_state(&self, camera_id: &CameraId) -> Option<wire::CameraStateView> {
        let state = lock(&self.shared.nodes)
            .get(camera_id.node()?)
            .map(|node| Arc::clone(&node.state))?;
        state.camera(camera_id.own())
    }

    /// Walks every step to an airelay and registers nothing.
    ///
    /// # Errors
    /// The address cannot be meant.
    pub(crate) async fn check(
        &self,
        address: &NodeAddress,
        user: &str,
        password: &str,
    ) -> Result<NodeWalk, FieldErrors> {
        let client = NodeClient::new(address)?;
        let (walk, checked) = walk(&client, address.is_tls, user, password).await;
        if let Some(checked) = checked {
            client.sign_out(&checked.login).await;
        }
        Ok(walk)
    }

    /// Signs in once, has a token made for this airelay, and follows the node
    /// from then on.
    ///
    /// # Errors
    /// A field cannot be used, a step failed, or it is registered already.
    pub(crate) async fn register(
        &self,
        name: &str,
        address: NodeAddress,
        (user, password): (&str, &str),
        by: &str,
    ) -> Result<NodeRecord, Refusal> {
        let address = address.trimmed();
        let name = match name.trim() {
            "" => address.host.clone(),
            name => name.to_owned(),
        };
        NodeDocument::check_name(&name).map_err(Refusal::Fields)?;
        let records = self.list().await?;
        if records.len() >= MAX_NODES {
            let text = format!("{MAX_NODES} nodes are the most that one airelay guards");
            return Err(Refusal::Conflict(text));
        }
        let client = NodeClient::new(&address).map_err(Refusal::Fields)?;
        let checked = self.walked(&client, address.is_tls, user, password).await?;
        let made = self.take_in(&client, &checked, &records, &name).await;
        client.sign_out(&checked.login).await;
        let (node_id, sealed_token) = made?;
        let record = NodeRecord {
            id: node_id,
            document: NodeDocument {
                name,
                is_enabled: true,
                address,
                sealed_token,
            },
        };
        self.shared.book.put(&record, by).await?;
        self.apply(&record).await?;
        Ok(record)
    }

    /// Has another token made, in place of one that the node does not know any
    /// more.
    ///
    /// # Errors
    /// A step failed, or another airelay answers at the address.
    pub(crate) async fn log_in(
        &self,
        before: &NodeRecord,
        (user, password): (&str, &str),
        by: &str,
    ) -> Result<NodeRecord, Refusal> {
        let address = &before.document.address;
        let client = NodeClient::new(address).map_err(Refusal::Fields)?;
        let checked = self.walked(&client, address.is_tls, user, password).await?;
        let made = async {
            let known = self.progress(&before.id).await?;
            if known.is_some_and(|known| known.database_id != checked.feed.database_id) {
                return Err(Refusal::Conflict(
                    "another airelay answers there, or its data folder was made anew: remove \
                     this node and register that one"
                        .to_owned(),
                ));
            }
            self.token(&client, &checked).await
        };
        let made = made.await;
        client.sign_out(&checked.login).await;
        let mut record = before.clone();
        record.document.sealed_token = made?;
        self.shared.book.put(&record, by).await?;
        self.apply(&record).await?;
        Ok(record)
    }

    /// Saves another name, address or switch.
    ///
    /// # Errors
    /// A field cannot be used, or the store cannot write.
    pub(crate) async fn change(&self, record: &NodeRecord, by: &str) -> Result<(), Refusal> {
        NodeDocument::check_name(&record.document.name).map_err(Refusal::Fields)?;
        NodeClient::new(&record.document.address).map_err(Refusal::Fields)?;
        self.shared.book.put(record, by).await?;
        self.apply(record).await?;
        Ok(())
    }

    /// Forgets a node, and gives its token back if it can be reached; what came
    /// from it stays until retention takes it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, record: &NodeRecord, by: &str) -> anyhow::Result<()> {
        self.halt(&record.id);
        self.shared.book.delete(&record.id, by).await?;
        let node_id = record.id.clone();
        self.shared
            .parts
            .storage
            .write(move |store| store.forget_node_cameras(&node_id))
            .await?;
        for camera in self.shared.parts.relayed.all() {
            if camera.node_id == record.id {
                task::tell_settings(&self.shared.parts, &camera.settings.camera_id);
            }
        }
        self.shared.parts.relayed.replace(&record.id, Vec::new());
        if let Ok((client, token)) = self.client(&record.document) {
            // Not waited for: it may be gone for good.
            tokio::spawn(async move {
                if let Err(error) = client.give_token_back(&token).await {
                    tracing::info!(%error, "token stays at a node that was removed");
                }
            });
        }
        Ok(())
    }

    /// What speaks to the node of a camera, with our token.
    ///
    /// # Errors
    /// There is no such node, or it cannot be spoken to; in words.
    pub(crate) async fn client_of(
        &self,
        camera_id: &CameraId,
    ) -> anyhow::Result<(NodeClient, String)> {
        let node_id = camera_id.node().context("this camera is our own")?;
        let record = self.get(node_id).await?;
        let record = record.context("its node was removed")?;
        self.client(&record.document)
    }

    fn client(&self, document: &NodeDocument) -> anyhow::Result<(NodeClient, String)> {
        let client =
            NodeClient::new(&document.address).map_err(|errors| anyhow::anyhow!("{errors}"))?;
        let token = self
            .shared
            .parts
            .vault
            .open_sealed(&document.sealed_token)?;
        Ok((client, token))
    }

    async fn walked(
        &self,
        client: &NodeClient,
        is_tls: bool,
        user: &str,
        password: &str,
    ) -> Result<Checked, Refusal> {
        let (walk, checked) = walk(client, is_tls, user, password).await;
        let failure = walk.failure().unwrap_or_default();
        checked.ok_or(Refusal::Node(failure))
    }

    async fn token(&self, client: &NodeClient, checked: &Checked) -> Result<String, Refusal> {
        let name = &self.shared.parts.guard_name;
        let token = client.make_token(&checked.login, name).await;
        let token = token.map_err(|error| Refusal::Node(error.to_string()))?;
        Ok(self.shared.parts.vault.seal(&token)?)
    }

    /// Notes where to begin, and what cameras there are. Gives the node's id
    /// and the sealed token.
    async fn take_in(
        &self,
        client: &NodeClient,
        checked: &Checked,
        records: &[NodeRecord],
        name: &str,
    ) -> Result<(String, String), Refusal> {
        let parts = &self.shared.parts;
        if parts.storage.read(|reader| reader.database_id()).await?
            == unhex(&checked.feed.database_id)
        {
            let text = "this is the airelay that you look at: it guards itself already";
            return Err(Refusal::Conflict(text.to_owned()));
        }
        let known = parts
            .storage
            .read(|reader| reader.node_progresses())
            .await?;
        let again = known
            .iter()
            .find(|known| known.database_id == checked.feed.database_id);
        if let Some(again) = again
            && let Some(record) = records.iter().find(|record| record.id == again.node_id)
        {
            let text = format!("it is registered already, as {}", record.document.name);
            return Err(Refusal::Conflict(text));
        }
        // What came from a database keeps its node's id for ever: nothing is
        // doubled when it is registered again.
        let is_taken = |id: &str| known.iter().any(|known| known.node_id == id);
        let node_id = again.map_or_else(|| new_node_id(name, is_taken), |a| a.node_id.clone());
        let cursor = cursor_of(&checked.feed.cursor)?;
        let progress = NodeProgress {
            node_id: node_id.clone(),
            database_id: checked.feed.database_id.clone(),
            cursor,
            history: Some((cursor.at_start(), cursor)),
            quiet_before: Timestamp::from_micros(checked.feed.now_us),
        };
        let sealed = self.token(client, checked).await?;
        parts
            .storage
            .write(move |store| store.put_node_progress(&progress))
            .await?;
        Ok((node_id, sealed))
    }

    async fn progress(&self, node_id: &str) -> anyhow::Result<Option<NodeProgress>> {
        let node_id = node_id.to_owned();
        let storage = &self.shared.parts.storage;
        storage
            .read(move |reader| reader.node_progress(&node_id))
            .await
    }

    /// Makes the running task of a node follow its document.
    async fn apply(&self, record: &NodeRecord) -> anyhow::Result<()> {
        self.halt(&record.id);
        let parts = &self.shared.parts;
        let state = Arc::new(NodeState::new(record.document.is_enabled));
        let running = lock(&self.shared.running).clone();
        let stop = running
            .as_ref()
            .map(|(_, stop)| stop.child_token())
            .unwrap_or_default();
        lock(&self.shared.nodes).insert(
            record.id.clone(),
            Node {
                state: Arc::clone(&state),
                stop: stop.clone(),
            },
        );
        let task = NodeTask::new(parts.clone(), record, state);
        task.know_cameras().await?;
        if !record.document.is_enabled {
            return Ok(());
        }
        match (self.client(&record.document), running) {
            (Ok((client, token)), Some((tasks, _))) => {
                drop(tasks.spawn(task.follow(client, token, stop)));
            }
            (Err(error), _) => task.fail(&format!("{error:#}")),
            (Ok(_), None) => {}
        }
        Ok(())
    }

    fn halt(&self, node_id: &str) {
        if let Some(node) = lock(&self.shared.nodes).remove(node_id) {
            node.stop.cancel();
        }
    }
}

/// An id made of the letters and digits of `name`, with a number where that is
/// taken.
fn new_node_id(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let base = crate::cameras::slug(name, "node", 24);
    (1_u32..)
        .map(|number| match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        })
        .find(|id| !is_taken(id))
        .expect("numbers do not run out before nodes do")
}

fn cursor_of(text: &str) -> anyhow::Result<FeedCursor> {
    FeedCursor::parse(text).with_context(|| format!("the node's cursor {text:?} makes no sense"))
}

fn unhex(text: &str) -> [u8; 16] {
    u128::from_str_radix(text, 16).map_or([0; 16], u128::to_be_bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_ids_are_made_of_the_name_and_make_camera_ids() {
        for (name, expected) in [
            ("West gate", "west-gate"),
            ("192.168.1.20", "192-168-1-20"),
            ("正門", "node"),
            (&"x".repeat(100), &"x".repeat(24)),
        ] {
            let id = new_node_id(name, |_| false);
            assert_eq!(id, expected);
            let camera = CameraId::new(&format!("{id}-99.gate")).unwrap();
            assert_eq!(camera.node(), Some(format!("{id}-99").as_str()));
        }
        let taken = ["west", "west-2"];
        assert_eq!(new_node_id("West", |id| taken.contains(&id)), "west-3");
    }
}
