//! Sources beside the web: folders, archives, repositories of git, packages and the projects that use them, as they lie on the disk.
//!
//! ```text
//! what was given -> Origin -> Folder | Archive =Page=> as a crawl's
//!                  a project's lock file -> Dependency -> Installed, its folder at exactly that version
//! ```
//!
//! What is read is foreign: it is bounded in every way, links lead nowhere, and nothing of it is ever run. What is left out is left out by
//! a
//! [`Rule`], counted and told. Functions that read the disk block; a caller runs them on
//! [`Handle::unblock`](crate::reactor::Handle::unblock), one bounded step after the other. Knows no site and no store.

mod archive;
mod checkout;
mod contents;
mod error;
mod folder;
mod forge;
mod git;
mod ignores;
mod included;
mod index;
mod left_out;
mod origin;
mod package;
mod pattern;
mod place;
mod project;
mod role;
mod selection;
mod shelf;
mod version;
mod yaml;

pub use self::archive::{Archive, ArchiveKind, ArchiveLimits, Next, TopFolder, Unpacked};
pub use self::checkout::Checkout;
pub use self::contents::{Contents, SourceFile};
pub use self::error::{Error, Refusal};
pub use self::folder::{Folder, Found, Listing, Sequence, file_tag, is_tag, page, read, tag_of};
pub use self::forge::Forge;
pub use self::git::{GitFetch, GitLimits, GitUser, fetch};
pub use self::left_out::{Left, LeftOut, Rule};
pub use self::origin::{Here, Origin, Repository, below, is_named_below, without_links};
pub use self::package::{About, Ecosystem, Installed, Need, PackageName};
pub use self::pattern::PathPattern;
pub use self::place::{Place, path_of_file as path_of, url_of};
pub use self::project::{Dependency, Project, Source};
pub use self::role::Role;
pub use self::selection::{Selection, Usual, Wanted};
pub use self::shelf::{Places, Shelf, modules_in};
pub use self::version::compare as compare_versions;
